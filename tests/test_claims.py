"""The rules that turn findings into verdicts, case by case, and the registry they are read from."""
