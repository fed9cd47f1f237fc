"""Signs that a target leaks into what is read, to be said aloud before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.user.targets import Target

if TYPE_CHECKING:
    import pandas as pd

TELLS_ALL = 0.95  # of the target's variance, by one column alone
TELLS_LITTLE = 0.5  # the most that the next column tells then
FEWEST = 20  # sequences from which an order by class is more than chance


def warnings_of(frame: pd.DataFrame, features: Sequence[str], lengths: np.ndarray, target: Target) -> list[str]:
    """Notes on sequences that come twice, one column that tells the target, and an order by class.

    Args:
        frame: a row a step, sequence after sequence.
        features: columns that are read.
        lengths: ``(N,)`` rows of each sequence.
        target: of each sequence; of targets a step only copies are looked for.
    """
    import pandas as pd

    sequence = np.repeat(np.arange(len(lengths)), lengths)
    hashed = pd.util.hash_pandas_object(frame[list(features)], index=False).to_numpy()
    place = np.arange(len(hashed), dtype=np.uint64) - np.repeat(
        (np.cumsum(lengths) - lengths).astype(np.uint64), lengths
    )
    with np.errstate(over="ignore"):
        mixed = hashed * (2 * place + np.uint64(1))
        whole = np.add.reduceat(mixed, np.cumsum(lengths) - lengths)
    copies = int(pd.Series(whole).duplicated().sum())
    notes = []
    if copies:
        notes.append(
            f"warning: {copies:,} of {len(lengths):,} sequences are copies of another; "
            "a copy in train gives away one in test"
        )
    if len(target.values) != len(lengths):
        return notes
    numbers = [name for name in features if frame[name].dtype.kind in "biuf"]
    means = frame[numbers].groupby(sequence).mean()
    told = sorted(((_told(means[name].to_numpy(float), target), name) for name in numbers), reverse=True)
    if told and told[0][0] > TELLS_ALL and (len(told) == 1 or told[1][0] < TELLS_LITTLE):
        share, name = told[0]
        notes.append(
            f"warning: the mean of column {name} alone tells {share:.0%} of the target; "
            "if it would not be known in use, leave it out with data.ignore"
        )
    classes = target.values
    if target.classes and len(lengths) >= FEWEST and (np.diff(classes) != 0).sum() == len(target.classes) - 1:
        notes.append("warning: rows are ordered by class; a column that counts rows or time would give the class away")
    return notes


def _told(means: np.ndarray, target: Target) -> float:
    """The share of a target's variance that lies between values of a column, by rank: 1 where it orders the target."""
    from scipy.stats import rankdata

    known = np.isfinite(means)
    if known.sum() < FEWEST or np.ptp(means[known]) == 0:
        return 0.0
    ranks = rankdata(means[known])
    if target.classes is None:
        values = rankdata(target.values[known, 0])
        return 0.0 if np.ptp(values) == 0 else float(np.corrcoef(ranks, values)[0, 1] ** 2)
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
