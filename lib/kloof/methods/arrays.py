"""The arrays that every method takes and gives, and the level of its intervals."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEVEL = 0.95
