"""Time series in sktime's ``.ts`` format: header lines of ``@``, then a line a case, its channels parted by colons."""

from __future__ import annotations

import numpy as np

from rnncompare.errors import DataError


def read_ts(text: str, name: str) -> tuple[list[np.ndarray], list[str]]:
    """The cases in ``text`` as arrays (T, channels), and the label of each.

    Lengths may differ from case to case; time stamps and missing values are not read.

    Args:
        text: of the file.
        name: of the file, for messages.

    Raises:
        DataError: a line is not of that form.
    """
    cases: list[np.ndarray] = []
    labels: list[str] = []
    in_data = False
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if in_data and line:
            *channels, label = line.split(":")
            cases.append(_case(channels, f"{name}, line {number}"))
            labels.append(label.strip())
            if cases[-1].shape[1] != cases[0].shape[1]:
                raise DataError(f"{name}, line {number}: {len(channels)} channels, {cases[0].shape[1]} before")
        in_data = in_data or line.lower() == "@data"
    if not cases:
        raise DataError(f"{name}: no cases; expected lines of numbers after a line @data")
    return cases, labels


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
