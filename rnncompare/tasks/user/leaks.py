"""Signs that a target leaks into what is read, to be said aloud before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.user.columns.features import as_numbers
from rnncompare.tasks.user.columns.targets import Target
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.problem import rows_of

if TYPE_CHECKING:
    import pandas as pd

TELLS_ALL = 0.95  # of the target's variance, by one input alone
TELLS_LITTLE = 0.5  # the most that the next input tells then
FEWEST = 20  # things from which an order by class, or an input that tells the target, is more than chance
FEWEST_OF_EACH = 5  # targets for each category, on average
MOST_SYMBOLS = 1 << 22  # that are looked at; of more, some of the texts
SHORT_WINDOW = 8  # rows; shorter windows come again by chance
ROUNDING = 1e-9  # of a variance
USELESS = "if it would not be known in use, leave it out with data.ignore"


def of_sequences(
    frame: pd.DataFrame, features: Sequence[str], lengths: np.ndarray, target: Target, own: Sequence[str] = ()
) -> list[str]:
    """Notes on sequences that come twice, one column that tells the target, and an order by class.

    Args:
        frame: a row a step, sequence after sequence.
        features: columns that are read.
        lengths: ``(N,)`` rows of each sequence.
        target: of each sequence, or of each step.
        own: columns of the target; as features they are read at the step before.
    """
    every = len(target.values) != len(lengths)
    numbers = [name for name in features if frame[name].dtype.kind in "biuf" and name not in own]
    if every:
        columns = {f"column {name}": frame[name].to_numpy(float) for name in numbers}
    else:
        with np.errstate(invalid="ignore"):  # of infinite numbers, which are refused when they are read
            means = frame[numbers].groupby(np.repeat(np.arange(len(lengths)), lengths)).mean()
        columns = {f"the mean of column {name}": means[name].to_numpy(float) for name in numbers}
    told = {name: _told(values, target) for name, values in columns.items()}
    last = np.arange(len(frame)) if every else np.cumsum(lengths) - 1
    for name in features:
        if name not in numbers and name not in own:
            told[f"column {name}"] = _told_by_categories(frame[name].iloc[last], target)
    hashed = _hashed(frame, list(dict.fromkeys([*features, *own])) if every else features)
    return [
        *_copies(_joined(hashed, lengths), "sequences"),
        *_single(told, "the target" if target.classes is not None else "the ranks of the target"),
        *([] if every else _ordered(target)),
    ]


def of_texts(codes: np.ndarray, lengths: np.ndarray, symbols: Sequence[str], target: Target) -> list[str]:
    """Notes on texts that come twice, one symbol that tells the class, and an order by class.

    Args:
        codes: ``(R,)`` numbers of the symbols, text after text.
        lengths: ``(N,)`` symbols of each text.
        symbols: by their numbers.
        target: the class of each text.
    """
    import pandas as pd

    hashed = pd.util.hash_array(codes.astype(np.uint64))
    notes = _copies(_joined(hashed, lengths), "texts")
    told = _told_by_symbols(codes, lengths, len(symbols), target)
    named = {f"{symbols[i]!r:.40}": float(told[i]) for i in np.argsort(-told, kind="stable")[:2]}
    return [*notes, *_single(named, "the class", "if it is a label within the text, take it out"), *_ordered(target)]


def of_series(table: Table, inputs: Sequence[str], targets: Sequence[str], lengths: np.ndarray, size: int) -> list[str]:
    """Notes on rows that come twice over whole windows, and one column that tells the next step.

    What a column tells is the share that it explains, beside the target's last value, of how the target then changes.

    Args:
        table: a row a step, series after series.
        inputs: columns of numbers that are read beside the targets.
        targets: columns to forecast.
        lengths: rows of each series.
        size: rows of a window and what is forecast from it.
    """
    series = np.repeat(np.arange(len(lengths)), lengths)
    notes = _repeated(table.frame, [*targets, *inputs], lengths, size)
    for name in targets:
        values = as_numbers(table, name)
        told = {f"column {other}": _partial(as_numbers(table, other), values, series) for other in inputs}
        notes += _single(told, f"how {name} changes in the next step")
    return notes


def _single(told: Mapping[str, float], what: str, remedy: str = USELESS) -> list[str]:
    """A note where one input tells ``what`` nearly all alone, and the next far less: two are a signal."""
    best = sorted(told.items(), key=lambda one: -one[1])[:2]
    if not best or best[0][1] <= TELLS_ALL or (len(best) > 1 and best[1][1] >= TELLS_LITTLE):
        return []
    return [f"warning: {best[0][0]} alone tells {best[0][1]:.0%} of {what}; {remedy}"]


def _copies(hashed: np.ndarray, things: str) -> list[str]:
    copies = len(hashed) - len(np.unique(hashed))
    if not copies:
        return []
    return [
        f"warning: {copies:,} of {len(hashed):,} {things} are copies of another; a copy in train gives away one in test"
    ]


def _ordered(target: Target) -> list[str]:
    classes = target.values
    if not target.classes or len(classes) < FEWEST or (np.diff(classes) != 0).sum() != len(target.classes) - 1:
        return []
    return ["warning: rows are ordered by class; a column that counts rows or time would give the class away"]


def _repeated(frame: pd.DataFrame, columns: Sequence[str], lengths: np.ndarray, size: int) -> list[str]:
    """A note on windows that are like another, row by row, among those that change in every other row or more."""
    found = []
    for hashed in np.split(_hashed(frame, columns), np.cumsum(lengths)[:-1]):
        if len(hashed) >= size >= SHORT_WINDOW:
            changes = np.cumsum(np.concatenate(([0], np.diff(hashed) != 0)))
            lively = changes[size - 1 :] - changes[: len(hashed) - size + 1] >= size // 2
            windows = np.lib.stride_tricks.sliding_window_view(hashed, size)
            found.append((windows @ _weights(size))[lively])
    return _copies(np.concatenate(found), "windows") if found else []


def _hashed(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    import pandas as pd

    return pd.util.hash_pandas_object(frame[list(columns)], index=False).to_numpy()


def _weights(count: int) -> np.ndarray:
    """Odd numbers, so that a sum of hashes tells the order of what is hashed."""
    return 2 * np.arange(count, dtype=np.uint64) + np.uint64(1)


def _joined(hashed: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """A hash of each sequence, of those of its rows."""
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(hashed)) - np.repeat(starts, lengths)
    with np.errstate(over="ignore"):
        return np.add.reduceat(hashed * _weights(int(lengths.max()))[place], starts)


def _told(means: np.ndarray, target: Target) -> float:
    """The share of a target's variance that lies between values of a column, by rank: 1 where it orders the target."""
    from scipy.stats import rankdata

    known = np.isfinite(means)
    if known.sum() < FEWEST or np.ptp(means[known]) == 0:
        return 0.0
    ranks = rankdata(means[known])
    if target.classes is None:
        columns = [rankdata(values) for values in target.values[known].T if np.ptp(values) > 0]
        return max((float(np.corrcoef(ranks, values)[0, 1] ** 2) for values in columns), default=0.0)
    codes = target.values[known]
    counts = np.bincount(codes, minlength=len(target.classes))
    centres = np.bincount(codes, ranks, minlength=len(counts)) / np.maximum(counts, 1)
    between = float((counts * (centres - ranks.mean()) ** 2).sum())
    most = _between_if_sorted(counts[counts > 0], len(ranks))
    return between / most if most else 0.0


def _between_if_sorted(counts: np.ndarray, total: int) -> float:
    """The variance between classes of ranks that order them wholly, the largest there can be for two classes."""
    ends = np.cumsum(counts)
    centres = ends - (counts - 1) / 2
    return float((counts * (centres - (total + 1) / 2) ** 2).sum())


def _told_by_categories(values: pd.Series, target: Target) -> float:
    """How much of the class a column's category tells, a value for each target.

    That is the share of those that are not of the commonest class which the commonest class of their category tells
    right; 0 where categories are too many to say so.
    """
    import pandas as pd

    codes, names = pd.factorize(values)
    if target.classes is None or len(codes) < max(FEWEST, FEWEST_OF_EACH * len(names)):
        return 0.0
    counts = np.zeros((len(names) + 1, len(target.classes)))
    np.add.at(counts, (codes, target.values), 1)  # a missing value is the last of the categories
    commonest = counts.sum(0).max()
    wrong = len(codes) - commonest
    return float((counts.max(1).sum() - commonest) / wrong) if wrong else 0.0


def _told_by_symbols(codes: np.ndarray, lengths: np.ndarray, count: int, target: Target) -> np.ndarray:
    """Of each of ``count`` symbols, how much of the class it tells whether it is in a text, ``(count,)``.

    That is the share of the texts that are not of the commonest class by which more are told right.
    """
    assert target.classes is not None
    chosen = np.arange(0, len(lengths), 1 + len(codes) // MOST_SYMBOLS)
    rows = rows_of((np.cumsum(lengths) - lengths)[chosen], lengths[chosen])
    pairs = np.unique(np.repeat(np.arange(len(chosen)), lengths[chosen]) * count + codes[rows])
    classes, kinds = target.values[chosen], len(target.classes)
    total = np.bincount(classes, minlength=kinds)
    wrong = len(chosen) - int(total.max())
    if len(chosen) < FEWEST or not wrong:
        return np.zeros(count)
    there = np.bincount(pairs % count * kinds + classes[pairs // count], minlength=count * kinds).reshape(count, kinds)
    right = there.max(1) + (total - there).max(1)
    return (right - total.max()) / wrong


def _scaled(values: np.ndarray) -> np.ndarray:
    """The same numbers with the largest at 1, whose squares are neither infinite nor 0."""
    largest = np.abs(values[np.isfinite(values)]).max(initial=0)
    return values / largest if largest > 0 else values


def _centred(values: np.ndarray, series: np.ndarray) -> np.ndarray:
    """The values less the mean of their own series, for levels may differ; ``series`` numbers them, ``(R,)``."""
    known, scaled = np.isfinite(values), _scaled(values)
    counts = np.maximum(np.bincount(series[known], minlength=series[-1] + 1), 1)
    means = np.bincount(series[known], scaled[known], minlength=len(counts)) / counts
    found: np.ndarray = scaled - means[series]
    return found


def _partial(column: np.ndarray, values: np.ndarray, series: np.ndarray) -> float:
    """The share of the change to the next value, beyond what the last value explains, that a column explains.

    Args:
        column: ``(R,)``, as it stands at the last value.
        values: of the target.
        series: ``(R,)`` the number of each row's.
    """
    values, column = _centred(values, series), _centred(column, series)
    last, change, beside = values[:-1], np.diff(values), column[:-1]
    known = (series[1:] == series[:-1]) & np.isfinite(last) & np.isfinite(change) & np.isfinite(beside)
    if known.sum() < FEWEST or np.ptp(last[known]) == 0:
        return 0.0
    centred = last[known] - last[known].mean()

    def left(of: np.ndarray) -> np.ndarray:
        away = of[known] - of[known].mean()
        rest = away - centred * (centred @ away) / (centred @ centred)
        return rest if rest @ rest > ROUNDING * (away @ away) else np.zeros_like(rest)

    one, other = left(change), left(beside)
    size = (one @ one) * (other @ other)
    return float((one @ other) ** 2 / size) if size > 0 else 0.0
