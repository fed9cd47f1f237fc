"""The usual metrics of outputs on a split, beside the one that a task is judged by."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable

import numpy as np

from rnncompare.tasks.contract.objectives import IGNORED, BitsPerCharacter, Classification, Objective, Regression
from rnncompare.tasks.contract.task import Data, Examples

HIGHER_IS_BETTER = {
    "accuracy": True,
    "balanced_accuracy": True,
    "macro_f1": True,
    "auc": True,
    "log_loss": False,
    "mean_squared_error": False,
    "root_mean_squared_error": False,
    "mean_absolute_error": False,
    "mase": False,
}
RARE = 0.1  # a class with a smaller share is rare: accuracy then says little


def known_metrics(objective: Objective) -> tuple[str, ...]:
    """The names of what `score` gives; none for language models and music, which have their own metric."""
    if isinstance(objective, BitsPerCharacter) or not isinstance(objective, Classification | Regression):
        return ()
    names = list(HIGHER_IS_BETTER)
    return tuple(names[:5] if isinstance(objective, Classification) else names[5:])


def load() -> None:
    """Import now what `score` needs, which takes a second."""
    importlib.import_module("sklearn.metrics")


def deciding_metric(data: Data) -> str:
    """The metric that decides unless the user says otherwise: balanced accuracy where a class is rare in train."""
    metric = data.objective.metric
    if metric != "accuracy":
        return metric
    counts = np.bincount(_scored(data.train.targets))
    return "balanced_accuracy" if counts[counts > 0].min() < RARE * counts.sum() else metric


def score(data: Data, examples: Examples, outputs: np.ndarray) -> dict[str, float]:
    """All that `known_metrics` names, of the outputs for ``examples``.

    Errors but the mean squared one are in the units of the target before it was scaled; of several targets in different
    units, in standard deviations of each. MASE divides the mean absolute
    error by that of the forecast which repeats the last season, or else the last value, on the same windows (after
    Hyndman and Koehler 2006, who take it on the train part). A metric that is not defined is nan: MASE without such a
    forecast, AUC where a class is absent.

    Args:
        data: that the examples are of.
        examples: a split.
        outputs: of a network or a baseline, ``(N, K)`` or ``(N, T, K)``: logarithms of probabilities up to a constant,
            or scaled values.
    """
    if not known_metrics(data.objective):
        return {}
    if isinstance(data.objective, Regression):
        return _of_values(data, examples, outputs)
    targets = examples.targets.reshape(-1)
    used = targets != IGNORED
    return _of_classes(targets[used], outputs.reshape(-1, outputs.shape[-1])[used])


def _scored(targets: np.ndarray) -> np.ndarray:
    return targets[targets != IGNORED]


def _of_classes(targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    from sklearn import metrics

    odds = np.exp(outputs - outputs.max(-1, keepdims=True))
    shares = odds / odds.sum(-1, keepdims=True)
    said, labels = shares.argmax(-1), np.arange(outputs.shape[-1])

    def auc() -> float:
        if len(labels) == 2:
            return metrics.roc_auc_score(targets, shares[:, 1])
        return metrics.roc_auc_score(targets, shares, multi_class="ovr", labels=labels)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are absent or never said: what is not defined is nan below
        return {
            "accuracy": float((said == targets).mean()),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(targets, said)),
            "macro_f1": float(metrics.f1_score(targets, said, average="macro", zero_division=0)),
            "auc": _or_nan(auc),
            "log_loss": float(metrics.log_loss(targets, shares, labels=labels)),
        }


def _or_nan(metric: Callable[[], float]) -> float:
    try:
        return float(metric())
    except ValueError:
        return float("nan")


def _of_values(data: Data, examples: Examples, outputs: np.ndarray) -> dict[str, float]:
    alike = data.prepared is not None and len(set(data.prepared.spread)) == 1
    spread = data.prepared.spread[0] if alike else 1.0
    used = np.ones(len(examples), bool)
    if examples.lengths is not None and examples.targets.ndim == 3:
        used = np.arange(examples.sequence_length) < examples.lengths[:, None]
    errors = (outputs - examples.targets)[used]
    squared, absolute, mase = float((errors**2).mean()), float(np.abs(errors).mean()), float("nan")
    if data.naive and examples is data.test:
        naive = list(data.naive.values())[-1]  # the seasonal one, where there is one
        others = float(np.abs(naive - examples.targets).mean())
        mase = absolute / others if others else mase
    return {
        "mean_squared_error": squared,
        "root_mean_squared_error": spread * squared**0.5,
        "mean_absolute_error": spread * absolute,
        "mase": mase,
    }
