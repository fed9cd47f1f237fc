"""Time series in sktime's ``.ts`` format: header lines of ``@``, then a line a case, its channels parted by colons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rnncompare.base.errors import DataError


def read_ts(lines: Iterable[str], name: str) -> Iterator[tuple[np.ndarray, str]]:
    """The cases in the ``lines`` of a file, each an array (T, channels) and its label.

    Lengths may differ from case to case; a missing value, ``?``, is nan. Time stamps are not read.

    Args:
        lines: of the file.
        name: of the file, for messages.

    Raises:
        DataError: a line is not of that form, or its label not one of those that ``@classLabel`` lists.
    """
    channels, in_data, early, listed = 0, False, 0, frozenset[str]()
    for number, line in enumerate(map(str.strip, lines), start=1):
        if in_data and line:
            *series, label = line.split(":")
            case = _case(series, f"{name}, line {number}")
            if channels not in (0, len(series)):
                raise DataError(f"{name}, line {number}: {len(series)} channels, {channels} before")
            channels = len(series)
            if listed and label.strip() not in listed:
                raise DataError(f"{name}, line {number}: the label {label.strip()!r:.40} is not one of @classLabel")
            yield case, label.strip()
        elif line.lower().startswith("@classlabel true"):
            listed = frozenset(line.split()[2:])
        elif line and not line.startswith(("@", "#")):
            early = early or number
        in_data = in_data or line.lower() == "@data"
    if not in_data and early:
        raise DataError(f"{name}, line {early}: a case before the line @data, which is missing")
    if not channels:
        raise DataError(f"{name}: no cases; expected lines of numbers after a line @data")


def _case(channels: list[str], place: str) -> np.ndarray:
    if not channels:
        raise DataError(f"{place}: expected channels and a label parted by colons")
    if any(channel.lstrip().startswith("(") for channel in channels):
        raise DataError(f"{place}: time stamps are not read; leave the values alone, at even steps")
    try:
        series = [np.array(channel.replace("?", "nan").split(","), np.float64) for channel in channels]
    except ValueError as error:
        raise DataError(f"{place}: not numbers parted by commas ({error})") from error
    lengths = {len(values) for values in series}
    if len(lengths) > 1:
        raise DataError(f"{place}: channels of unequal length, {min(lengths)} to {max(lengths)}")
    case = np.stack(series, axis=1)
    if np.isinf(case).any():
        raise DataError(f"{place}: a value is infinite")
    return case
