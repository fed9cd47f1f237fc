"""What is tuned: the learning rate alone, or width and dropout with it, the same trials for every model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from rnncompare.studies.grids import rate_at, with_rate
from rnncompare.training.settings import RunSettings

RATES = tuple(rate_at(place) for place in (-6, -5, -4))
LOWEST_RATE, HIGHEST_RATE = rate_at(-7), rate_at(-3)
WIDTHS = (0.5, 1.0, 2.0)  # of the width that was asked for
DROPOUTS = (0.0, 0.2, 0.4)


@dataclass(frozen=True)
class Trial:
    """One setting that is tried.

    Attributes:
        rate: the learning rate.
        width: share of the hidden size that was asked for.
        dropout: in place of the one that was asked for; None to leave that.
    """

    rate: float
    width: float = 1.0
    dropout: float | None = None

    def of(self, run: RunSettings, seed: int) -> RunSettings:
        """The run with these settings; a width that follows from a budget of parameters stays as it is."""
        model = run.model
        if model.hidden_size is not None:
            model = dataclasses.replace(model, hidden_size=max(1, round(self.width * model.hidden_size)))
        if self.dropout is not None:
            model = dataclasses.replace(model, dropout=self.dropout)
        return with_rate(dataclasses.replace(run, model=model), self.rate, seed)


def trials_of(tune: str, count: int) -> tuple[Trial, ...]:
    """The trials of every model, the same for all: fixed before anything is trained, so that none is favoured.

    Where all is tuned they fill the space evenly, by a scrambled Halton sequence, which does as well as a search that
    follows its results where there are so few (Bergstra and Bengio 2012), and, unlike one, gives each model the same
    trials. Each is trained on every seed and chosen without the seed that is judged, as rates are, so that the luck of
    tuning is in the interval.

    Args:
        tune: ``rate`` or ``all``.
        count: how many, where all is tuned.
    """
    if tune == "rate":
        return tuple(Trial(rate) for rate in RATES)
    from scipy.stats import qmc

    places = qmc.Halton(3, rng=np.random.default_rng(0)).random(count)
    low, high = np.log([LOWEST_RATE, HIGHEST_RATE])
    return tuple(
        Trial(
            float(f"{np.exp(low + place * (high - low)):.3g}"),
            WIDTHS[int(width * len(WIDTHS))],
            DROPOUTS[int(dropout * len(DROPOUTS))],
        )
        for place, width, dropout in places
    )


def widest(trials: tuple[Trial, ...]) -> Trial:
    """The trial that costs most, by which time is planned."""
    return max(trials, key=lambda trial: trial.width)
