"""Takes from Python what Windows does not have, for a process that is started with this folder on its path."""

import os
import signal
import socket
import sys

for module, names in ((os, "fork register_at_fork sysconf"), (socket, "send_fds recv_fds"), (signal, "SIGHUP")):
    for name in names.split():
        delattr(module, name)
sys.modules["fcntl"] = sys.modules["resource"] = None  # type: ignore[assignment]
