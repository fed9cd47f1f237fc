"""The errors that commands explain in a line: wrong settings, unusable data, and machines that refuse."""

from collections.abc import Mapping, Sequence
from typing import Any


class SettingError(ValueError):
    """A request that cannot be met; the commands print it in one line and exit with code 2.

    Args:
        setting: the dotted name as typed on the command line, such as ``data.size``.
        value: what was asked for.
        valid: what would be valid, in words.
    """

    def __init__(self, setting: str, value: Any, valid: str):
        super().__init__(setting, value, valid)
        self.setting, self.value, self.valid = setting, value, valid

    def __str__(self) -> str:
        return f"{self.setting}={self.value}: {self.valid}"


class DataError(ValueError):
    """Data that cannot be used: a missing, torn or foreign file; the message has its path and the remedy."""


class MachineError(RuntimeError):
    """The machine refused what a command needs; the request itself is valid and may succeed later."""


class StorageError(MachineError):
    """A record or lock that could not be written: a full disk, a quota, a read-only folder."""


class RefusedError(MachineError):
    """A process or thread that the system would not start, for example because a limit was reached."""


def require_known(file: object, content: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise `SettingError` for the first key in the ``content`` of a file that is none of those ``known``."""
    for name, value in content.items():
        require(name in known, f"{file}: {name}", value, f"no such setting; there are {', '.join(known)}")


def require(condition: bool, setting: str, value: Any, valid: str) -> None:
    """Raise `SettingError` unless ``condition`` holds."""
    if not condition:
        raise SettingError(setting, value, valid)
