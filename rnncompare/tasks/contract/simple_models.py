"""Honest baselines: models without recurrence, fitted in seconds on the same split, that a network has to beat."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.tasks.contract.metrics import known_metrics, score
from rnncompare.tasks.contract.ngrams import ORDER, ngram_bits
from rnncompare.tasks.contract.objectives import IGNORED, BitsPerCharacter, Classification
from rnncompare.tasks.contract.task import Data, Examples

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

MOST_EXAMPLES = 20_000  # fitted on; of more, so many at even distances
MOST_BOOSTED = 5_000
MOST_ROUNDS, FEWEST_ROUNDS = 100, 20  # of boosting, each of which grows a tree for each class
FEATURES_GROWN = 200_000  # features of all trees together, that take some seconds
MOST_LAGS = 1_000  # numbers of a whole sequence that are read beside its summary
LEAST_SHARE = 1e-6  # of a class, so that no logarithm is infinite
PENALTIES = np.logspace(-3, 3, 7)
TRIVIAL = ("class shares", "mean of train", "character shares")  # baselines that learn nothing from the inputs
FITTED = ("logistic regression", "ridge regression", "gradient boosting")  # baselines that read the inputs


def simple_models(data: Data) -> pd.DataFrame:
    """Every baseline's metrics on the test split, a row a baseline, named ``model``, and a column a metric.

    Classes: their shares in train, and logistic regression. Values: their mean in train, and ridge regression; for
    forecasts also what repeats the last value or season. Gradient boosting joins where one number or class is
    predicted a sequence. They read a bag of words of symbols, the lags of a forecast, else summaries of each feature
    over time (and all steps, where sequences are short and of one length); with a target a step, that step alone.

    Penalties are chosen by cross-validation within train. Language models: the shares of characters in train, and
    counts of the few before each. Empty for other tasks without the usual metrics.
    """
    import pandas as pd

    if isinstance(data.objective, BitsPerCharacter):
        bits = {"character shares": data.baseline, f"{ORDER}-gram model": ngram_bits(data)}
        return pd.DataFrame({"model": list(bits), data.objective.metric: list(bits.values())})
    if not known_metrics(data.objective):
        return pd.DataFrame(columns=["model"])
    rows = [{"model": name, **score(data, data.test, said)} for name, said in _predictions(data)]
    return pd.DataFrame(rows)


def _predictions(data: Data) -> Iterator[tuple[str, np.ndarray]]:
    """Names and outputs on the test split, as `score` takes them."""
    every = data.objective.readout == "every"
    train, test = _thinned(data.train, MOST_EXAMPLES), data.test
    x, y = _inputs(data, train, every), _targets(train, every)
    tested = _inputs(data, test, every, longest=train.sequence_length)
    shape = (len(test), test.sequence_length) if every else (len(test),)
    yield from data.naive.items()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that end before they converge: they are baselines all the same
        if isinstance(data.objective, Classification):
            yield from _classifiers(data, x, y, tested, shape)
        else:
            yield from _regressors(x, y, tested, shape)


def _classifiers(
    data: Data, x: Any, y: np.ndarray, tested: Any, shape: tuple[int, ...]
) -> Iterator[tuple[str, np.ndarray]]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    outputs = data.objective.outputs
    counts = np.bincount(y, minlength=outputs)
    shares = np.maximum(counts / counts.sum(), LEAST_SHARE)
    yield "class shares", np.broadcast_to(np.log(shares), (*shape, outputs))

    def logarithms(model: Any) -> np.ndarray:
        said = np.full((tested.shape[0], outputs), LEAST_SHARE)
        said[:, model.classes_] = np.maximum(model.predict_proba(tested), LEAST_SHARE)
        return np.log(said).reshape(*shape, outputs)

    folds = min(3, int(counts[counts > 0].min()))
    if folds > 1:
        split = StratifiedKFold(folds, shuffle=True, random_state=0)
        linear = LogisticRegressionCV(Cs=PENALTIES[::2], cv=split, max_iter=300, scoring="neg_log_loss", l1_ratios=(0,))
        model = make_pipeline(StandardScaler(), linear) if isinstance(x, np.ndarray) else linear
        yield "logistic regression", logarithms(model.fit(x, y))
    if isinstance(x, np.ndarray) and len(shape) == 1:
        few = slice(None, None, 1 + len(y) // MOST_BOOSTED)
        trees = 1 if outputs == 2 else outputs
        rounds = int(np.clip(FEATURES_GROWN // (x.shape[1] * trees), FEWEST_ROUNDS, MOST_ROUNDS))
        boosted = HistGradientBoostingClassifier(max_iter=rounds, min_samples_leaf=_leaf(len(y)), random_state=0)
        yield "gradient boosting", logarithms(_fitted_alone(boosted, x[few], y[few]))


def _regressors(x: Any, y: np.ndarray, tested: Any, shape: tuple[int, ...]) -> Iterator[tuple[str, np.ndarray]]:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(with_mean=isinstance(x, np.ndarray))  # sparse inputs stay sparse
    yield "mean of train", np.broadcast_to(y.mean(0), (*shape, y.shape[1]))
    yield (
        "ridge regression",
        make_pipeline(scaler, RidgeCV(PENALTIES * len(y))).fit(x, y).predict(tested).reshape(*shape, y.shape[1]),
    )
    if isinstance(x, np.ndarray) and len(shape) == 1 and y.shape[1] == 1:
        few = slice(None, None, 1 + len(y) // MOST_BOOSTED)
        boosted = HistGradientBoostingRegressor(max_iter=MOST_ROUNDS, min_samples_leaf=_leaf(len(y)), random_state=0)
        yield "gradient boosting", _fitted_alone(boosted, x[few], y[few, 0]).predict(tested)[:, None]


def _fitted_alone(model: Any, x: np.ndarray, y: np.ndarray) -> Any:
    """The model fitted on one thread: on a busy machine, several take 20 times as long."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        return model.fit(x, y)


def _leaf(examples: int) -> int:
    """The fewest examples of a tree's leaf: scikit-learn's, unless so many leave nothing to split."""
    return min(20, max(1, examples // 3))


def _thinned(examples: Examples, most: int) -> Examples:
    if len(examples) <= most:
        return examples
    return examples.take(np.linspace(0, len(examples) - 1, most).astype(np.intp))


def _targets(examples: Examples, every: bool) -> np.ndarray:
    """``(M,)`` classes or ``(M, K)`` values of what `_inputs` gives in train."""
    targets = examples.targets
    if not every:
        return targets
    flat = targets.reshape(len(examples) * examples.sequence_length, *targets.shape[2:])
    return flat[_used(examples)]


def _used(examples: Examples) -> np.ndarray:
    """The steps that are scored, of all steps one after the other."""
    if examples.targets.ndim == 2:
        return examples.targets.reshape(-1) != IGNORED
    if examples.lengths is None:
        return np.ones(len(examples) * examples.sequence_length, bool)
    return (np.arange(examples.sequence_length) < examples.lengths[:, None]).reshape(-1)


def _inputs(data: Data, examples: Examples, every: bool, longest: int | None = None) -> Any:
    """What a model reads, a row a prediction: in train (``longest`` None) of the steps that are scored alone."""
    if every:
        steps = examples.inputs.reshape(len(examples) * examples.sequence_length, -1)
        chosen = steps if longest is not None else steps[_used(examples)]
        return _one_hot(chosen[:, 0], data.vocabulary) if data.vocabulary else _columns(data, chosen)
    if data.vocabulary is not None:
        return _bag_of_words(examples, data.vocabulary)
    whole = examples.inputs.reshape(len(examples), -1)
    if data.naive:
        return whole
    summaries = np.stack([_summary(data, sequence) for sequence in _sequences(examples)])
    alike = data.train.lengths is None and data.test.lengths is None and not data.categories
    if alike and data.train.sequence_length == data.test.sequence_length and whole.shape[1] <= MOST_LAGS:
        return np.concatenate([whole, summaries], 1)
    return summaries


def _columns(data: Data, steps: np.ndarray) -> np.ndarray:
    """Steps ``(M, C + F)`` with each of the C categories as indicators."""
    count = len(data.categories)
    hot = [np.eye(size, dtype=np.float32)[steps[:, i].astype(int)] for i, size in enumerate(data.categories)]
    return np.concatenate([*hot, steps[:, count:]], 1)


def _summary(data: Data, sequence: np.ndarray) -> np.ndarray:
    """A sequence ``(T, C + F)`` as its length, the share of each category, and seven numbers of each feature."""
    steps = _columns(data, sequence)
    real = steps[:, len(steps[0]) - (sequence.shape[1] - len(data.categories)) :]
    change = np.abs(np.diff(real, axis=0)).mean(0) if len(real) > 1 else np.zeros(real.shape[1])
    parts = (steps.mean(0), real.std(0), real.min(0), real.max(0), real[0], real[-1], change)
    return np.concatenate([[np.log(len(sequence))], *parts])


def _sequences(examples: Examples) -> Iterator[np.ndarray]:
    lengths = np.full(len(examples), examples.sequence_length) if examples.lengths is None else examples.lengths
    return (sequence[:length] for sequence, length in zip(examples.inputs, lengths, strict=True))


def _bag_of_words(examples: Examples, vocabulary: int) -> csr_matrix:
    """The logarithm of 1 + how often each symbol comes, ``(N, vocabulary)``, each row of length 1."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    sequences = list(_sequences(examples))
    rows = np.repeat(np.arange(len(sequences)), [len(sequence) for sequence in sequences])
    symbols = np.concatenate(sequences).astype(np.int64)
    counts = csr_matrix((np.ones(len(rows)), (rows, symbols)), shape=(len(sequences), vocabulary))
    return normalize(counts.log1p())


def _one_hot(symbols: np.ndarray, vocabulary: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    places = (np.arange(len(symbols)), symbols.astype(np.int64))
    return csr_matrix((np.ones(len(symbols)), places), shape=(len(symbols), vocabulary))
