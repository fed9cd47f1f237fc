"""The tables behind a task's verdict: its conditions, pairs and learning rates, and the verdict by margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.comparison import Comparison
from rnncompare.statistics import CrossFit, Decision, Interval, expected_best, verdicts_by_margin

if TYPE_CHECKING:
    import pandas as pd

TRIALS = (1, 2, 3, 5, 10, 20)


def conditions(comparison: Comparison, fits: Sequence[CrossFit], effects: Sequence[Interval]) -> pd.DataFrame:
    """Each value of the task's axis on its own, as `TaskFinding` has them, with its ``effects``."""
    import pandas as pd

    rows = []
    for condition, fit, effect in zip(comparison.conditions, fits, effects, strict=True):
        rows.append(
            {
                "value": condition.value,
                "first": float(fit.first.mean()),
                "second": float(fit.second.mean()),
                "effect": effect.mean,
                "low": effect.low,
                "high": effect.high,
                "cut_first": float(fit.first_choices @ condition.cut[0]),
                "cut_second": float(fit.second_choices @ condition.cut[1]),
                "seeds": len(comparison.seeds),
            }
        )
    return pd.DataFrame(rows)


def pairs(comparison: Comparison, fits: Sequence[CrossFit]) -> pd.DataFrame:
    """Each seed's scores at rates chosen without it."""
    import pandas as pd

    parts = [
        pd.DataFrame({"value": condition.value, "seed": comparison.seeds, "first": fit.first, "second": fit.second})
        for condition, fit in zip(comparison.conditions, fits, strict=True)
    ]
    pairs = pd.concat(parts, ignore_index=True)
    return pairs.assign(difference=pairs["first"] - pairs["second"])


def rates(comparison: Comparison, fits: Sequence[CrossFit], arms: tuple[str, str]) -> pd.DataFrame:
    """How each arm responds to the learning rate."""
    import pandas as pd

    parts = []
    for condition, fit in zip(comparison.conditions, fits, strict=True):
        for side, (arm, grid) in enumerate(zip(arms, condition.grids, strict=True)):
            choices = (fit.first_choices, fit.second_choices)[side]
            ends = np.arange(len(grid.rates)) == grid.chosen
            parts.append(
                pd.DataFrame(
                    {
                        "arm": arm,
                        "value": condition.value,
                        "rate": grid.rates,
                        "validation": grid.validation.mean(1),
                        "score": grid.test.mean(1),
                        "chosen": choices,
                        "cut": condition.cut[side],
                        "diverged": condition.diverged[side],
                        "edge": ends & bool(grid.at_edge),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def trials(comparison: Comparison, arms: tuple[str, str]) -> pd.DataFrame:
    """What each arm's tuning is worth: the score to expect of the best of a number of trials."""
    import pandas as pd

    rows = [
        (arm, condition.value, number, expected_best(grid, number))
        for condition in comparison.conditions
        for arm, grid in zip(arms, condition.grids, strict=True)
        for number in TRIALS
        if number <= grid.test.size
    ]
    return pd.DataFrame(rows, columns=["arm", "value", "trials", "score"])


def by_margin(decision: Decision, spread: bool) -> pd.DataFrame:
    """The task's verdict as a function of the margin."""
    import pandas as pd

    words = {"equivalent": "no difference that matters", "inconclusive": "cannot tell"}
    ahead = "better" if decision.effect.mean > 0 else "worse"
    steps = verdicts_by_margin(decision.effect, decision.narrow, "equivalent", spread)
    return pd.DataFrame(
        [(margin, words.get(verdict, ahead)) for margin, verdict in steps], columns=["margin", "verdict"]
    )
