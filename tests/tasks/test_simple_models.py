"""Baselines and metrics, against closed forms and data whose answer is known."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from rnncompare.tasks import from_arrays, from_frame, task_class
from rnncompare.tasks.contract.metrics import deciding_metric, known_metrics, score
from rnncompare.tasks.contract.ngrams import ngram_bits
from rnncompare.tasks.contract.simple_models import simple_models
from rnncompare.tasks.file import File


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape)


def metric(data, model, name):
    return simple_models(data).set_index("model").loc[model, name]


def test_a_linear_target_is_found_by_ridge_and_the_mean_is_the_trivial_baseline():
    x = noise(300, 6, 2)
    data = from_arrays(x, x[:, -1, 0] * 3 + 5, kind="regression").load(0)
    assert metric(data, "ridge regression", "mean_squared_error") < 0.01
    assert metric(data, "mean of train", "mean_squared_error") == pytest.approx(data.baseline, rel=1e-3)


@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_errors_are_in_the_targets_unit_also_where_its_squares_are_infinite_or_zero(unit):
    x = noise(300, 6, 2)
    y = x[:, -1, 0] + 0.1 * noise(300)
    small, large = (from_arrays(x, y * scale, kind="regression").load(0) for scale in (1, unit))
    for name in ("root_mean_squared_error", "mean_absolute_error"):
        expected = unit * metric(small, "ridge regression", name)
        assert metric(large, "ridge regression", name) == pytest.approx(expected, rel=1e-6, abs=0)


def test_separable_classes_are_found_and_shares_are_the_trivial_baseline():
    x, y = noise(300, 6, 2), np.arange(300) % 3 == 0
    data = from_arrays(x + 4 * y[:, None, None], y).load(0)
    assert metric(data, "logistic regression", "accuracy") > 0.97
    assert metric(data, "class shares", "accuracy") == pytest.approx(data.baseline)
    assert metric(data, "class shares", "auc") == 0.5


def test_boosting_splits_the_few_examples_there_are():
    x, y = noise(20, 6, 2), np.arange(20) % 2
    data = from_arrays(x + 4 * y[:, None, None], y).load(0)
    assert metric(data, "gradient boosting", "accuracy") == 1


def test_forecasts_are_held_against_the_last_value_and_the_last_season():
    hours = pd.date_range("2024-01-01", periods=3000, freq="h")
    load = np.sin(np.arange(3000) * np.pi / 12) * 10 + 0.1 * noise(3000)
    data = from_frame(pd.DataFrame({"date": hours, "load": load}), target="load").load(0)
    table = simple_models(data).set_index("model")
    assert table.loc["seasonal naive (24)", "mase"] == 1
    assert table["mean_squared_error"].loc[["last value", "seasonal naive (24)"]].min() == pytest.approx(data.baseline)
    # in the target's unit: E|x| of the noise, and of the difference of two draws of it
    errors = table["mean_absolute_error"]
    assert errors["ridge regression"] == pytest.approx(0.1 * np.sqrt(2 / np.pi), rel=0.1)
    assert errors["seasonal naive (24)"] == pytest.approx(0.1 * np.sqrt(4 / np.pi), rel=0.1)


def test_texts_are_told_by_their_words_and_steps_by_themselves():
    texts = [f"the film was {word} and long {i}" for i in range(60) for word in ("good", "bad")]
    data = from_frame(pd.DataFrame({"text": texts, "label": ["+", "-"] * 60})).load(0)
    assert metric(data, "logistic regression", "accuracy") == 1
    steps = pd.DataFrame({"id": np.repeat(np.arange(40), 5), "x": noise(200)}).assign(label=lambda f: f["x"] > 0)
    data = from_frame(steps, target="label").load(0)
    assert metric(data, "logistic regression", "accuracy") > 0.9


def test_metrics_of_classes_are_those_counted_by_hand():
    x = noise(200, 3, 1)
    data = from_arrays(x, np.arange(200) % 20 == 0).load(0)
    outputs = np.zeros((len(data.test), 2))
    outputs[:, 0] = 1  # always the common class
    found = score(data, data.test, outputs)
    share = np.mean(data.test.targets == 0)
    assert found["accuracy"] == pytest.approx(share)
    assert found["balanced_accuracy"] == 0.5
    assert found["auc"] == 0.5
    assert found["macro_f1"] == pytest.approx(share / (1 + share))
    p = np.e / (1 + np.e)
    assert found["log_loss"] == pytest.approx(-share * np.log(p) - (1 - share) * np.log(1 - p))


def test_where_a_class_is_rare_accuracy_does_not_decide():
    x = noise(200, 3, 1)
    assert deciding_metric(from_arrays(x, np.arange(200) % 20 == 0).load(0)) == "balanced_accuracy"
    assert deciding_metric(from_arrays(x, np.arange(200) % 2 == 0).load(0)) == "accuracy"


def test_generated_tasks_have_them_too():
    data = task_class("adding")(size=200, sequence_length=10).load(0)
    assert set(simple_models(data)["model"]) >= {"mean of train", "ridge regression"}


def witten_bell(text, train, read, symbols):
    """Bits a character after the first of ``text``, a character at a time, by the recursion of the paper."""

    def p(context, character):
        if not context:
            counts = Counter(symbol for window in train for symbol in window[1:])
            return (counts[character] + 1) / (sum(counts.values()) + symbols)
        after = [
            window[place]
            for window in train
            for place in range(len(context), len(window))
            if window[place - len(context) : place] == context
        ]
        shorter = p(context[1:], character)
        kinds = len(set(after))
        return (after.count(character) + kinds * shorter) / (len(after) + kinds) if after else shorter

    return np.mean([-math.log2(p(text[max(0, i - read) : i], text[i])) for i in range(1, len(text))])


def test_language_models_are_held_against_counts_of_characters(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("".join("abracadabra"[(i * i + i // 7) % 11] for i in range(1500)))
    data = File(path=str(path), window=12).pinned().load(0)
    frame = simple_models(data).set_index("model")["bits_per_character"]
    assert frame["character shares"] == data.baseline == pytest.approx(ngram_bits(data, 1), rel=1e-3)
    windows = [[*row, last] for row, last in zip(data.train.inputs.tolist(), data.train.targets[:, -1], strict=True)]
    tested = [[*row, last] for row, last in zip(data.test.inputs.tolist(), data.test.targets[:, -1], strict=True)]
    for order in (2, 5):
        by_hand = np.mean([witten_bell(window, windows, order - 1, data.objective.outputs) for window in tested])
        assert ngram_bits(data, order) == pytest.approx(by_hand)
    assert frame["5-gram model"] == ngram_bits(data, 5)


def test_counts_come_near_the_entropy_of_a_chain():
    data = task_class("markov_text")(size=4000).load(0)
    assert not known_metrics(data.objective)
    assert data.optimum < ngram_bits(data, 3) < data.optimum + 0.1
