"""Time series in sktime's ``.ts`` format: header lines of ``@``, then a line a case, its channels parted by colons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from rnncompare.errors import DataError


def read_ts(lines: Iterable[str], name: str) -> Iterator[tuple[np.ndarray, str]]:
    """The cases in the ``lines`` of a file, each an array (T, channels) and its label.

    Lengths may differ from case to case; time stamps and missing values are not read.

    Args:
        lines: of the file.
        name: of the file, for messages.

    Raises:
        DataError: a line is not of that form.
    """
    channels = 0
    in_data = False
    for number, line in enumerate(map(str.strip, lines), start=1):
        if in_data and line:
            *series, label = line.split(":")
            case = _case(series, f"{name}, line {number}")
            if channels not in (0, len(series)):
                raise DataError(f"{name}, line {number}: {len(series)} channels, {channels} before")
            channels = len(series)
            yield case, label.strip()
        in_data = in_data or line.lower() == "@data"
    if not channels:
        raise DataError(f"{name}: no cases; expected lines of numbers after a line @data")


def _case(channels: list[str], place: str) -> np.ndarray:
    if not channels:
        raise DataError(f"{place}: expected channels and a label parted by colons")
    try:
        series = [np.array(channel.split(","), np.float64) for channel in channels]
    except ValueError as error:
        raise DataError(f"{place}: not numbers parted by commas ({error})") from error
    lengths = {len(values) for values in series}
    if len(lengths) > 1:
        raise DataError(f"{place}: channels of unequal length, {min(lengths)} to {max(lengths)}")
    case = np.stack(series, axis=1)
    if not np.isfinite(case).all():
        raise DataError(f"{place}: a value is missing or infinite")
    return case
