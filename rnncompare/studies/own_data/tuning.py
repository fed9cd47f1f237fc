"""What is tuned: the learning rate, and with time left width and dropout too, with as many trials of every model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rnncompare.studies.rates import rate_at, with_rate
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

RATES = tuple(rate_at(place) for place in (-6, -5, -4))
LOWEST_RATE, HIGHEST_RATE = rate_at(-7), rate_at(-3)
WIDTHS = (0.5, 2.0)  # least and most, as shares of the hidden size that was asked for
MOST_DROPOUT = 0.5
AT_RANDOM = 2  # trials after the rates, before the sampler follows what it has seen


def propose(run: RunSettings, tried: pd.DataFrame) -> RunSettings:
    """The next run of a search over learning rate, width and dropout, by Optuna's TPE sampler (Bergstra et al. 2011).

    The same trials lead to the same proposal, so a search that was stopped goes on from its records.

    Args:
        run: with the model, the data and the seed; a width that follows from a budget of parameters stays as it is.
        tried: a row a run of this model and seed: ``rate``, ``width``, ``dropout``, and ``validation``, where larger is
            better.
    """
    import optuna
    from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

    model = run.model
    space: dict[str, BaseDistribution] = {
        "rate": FloatDistribution(LOWEST_RATE, HIGHEST_RATE, log=True),
        "dropout": FloatDistribution(0.0, max(MOST_DROPOUT, model.dropout)),
    }
    if model.hidden_size is not None:
        least, most = (max(1, round(share * model.hidden_size)) for share in WIDTHS)
        space["width"] = IntDistribution(least, most, log=True)
    loudness = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        sampler = optuna.samplers.TPESampler(seed=1000 * run.seed + len(tried), n_startup_trials=len(RATES) + AT_RANDOM)
        search = optuna.create_study(direction="maximize", sampler=sampler)
        search.add_trials(
            [
                optuna.trial.create_trial(
                    params={name: int(row[name]) if name == "width" else row[name] for name in space},
                    distributions=space,
                    value=row["validation"],
                )
                for _, row in tried.iterrows()
            ]
        )
        found = search.ask(space).params
    finally:
        optuna.logging.set_verbosity(loudness)
    model = dataclasses.replace(
        model, dropout=round(found["dropout"], 2), hidden_size=found.get("width", model.hidden_size)
    )
    return with_rate(dataclasses.replace(run, model=model), float(f"{found['rate']:.3g}"), run.seed)
