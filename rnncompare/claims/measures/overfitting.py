"""How much worse a network does on new data at the same training loss, as a ratio of losses (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of losses on new data, at equal training loss"


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each condition, arm and seed, the log of the validation loss where the training loss crosses a common level.

    The level is the lowest training loss that every arm of the seed comes down to. A higher score is more overfitting.
    Validation stands in for the test split, which is scored only once.
    """
    import pandas as pd

    curves = dict(list(evidence.curves.groupby("run_id")))
    rows = []
    arms = evidence.runs["arm"].nunique()
    for (task, value, seed), group in evidence.runs.groupby(["task", "value", "seed"], sort=False):
        own = {row["arm"]: curves.get(row["run_id"]) for _, row in group.iterrows()}
        whole = {arm: curve for arm, curve in own.items() if curve is not None and len(curve)}
        if len(whole) < arms:
            continue
        level = max(float(curve["train_loss"].min()) for curve in whole.values())
        rows += [(task, value, arm, seed, _at_level(curve, level)) for arm, curve in whole.items()]
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score"])


def _at_level(curve: pd.DataFrame, level: float) -> float:
    """The log of the validation loss where the training loss first comes down to ``level``, between two validations."""
    train, validation = curve["train_loss"].to_numpy(float), curve["validation_loss"].to_numpy(float)
    first = int(np.flatnonzero(train <= level)[0])
    if first == 0 or train[first - 1] == train[first]:
        return float(np.log(validation[first]))
    share = (train[first - 1] - level) / (train[first - 1] - train[first])
    return float(np.log(validation[first - 1] + share * (validation[first] - validation[first - 1])))
