"""Generated tasks against their rules, stated again in plain Python, one sequence at a time."""

import math

import numpy as np
import pytest

from rnncompare.errors import SettingError
from rnncompare.tasks import task_class
from rnncompare.tasks.contract import IGNORED


def adding(steps):
    (total,) = [sum(value for value, mark in steps if mark)]
    marked = [i for i, (_, mark) in enumerate(steps) if mark]
    assert len(marked) == 2
    assert marked[0] < len(steps) // 2 <= marked[1]
    return [total]


def copying(symbols):
    assert symbols[10:-10] == [8] * (len(symbols) - 21) + [9]
    assert symbols[-10:] == [8] * 10
    return [8] * (len(symbols) - 10) + symbols[:10]


def parity(bits):
    return bits.count(1) % 2


ORACLES = {oracle.__name__: oracle for oracle in (adding, copying, parity)}


@pytest.mark.parametrize("name", ORACLES)
def test_targets_follow_the_rule(name, load):
    data = load(name, seed=5, size="tiny")
    for examples in (data.train, data.test, *data.longer.values()):
        for i in range(len(examples)):
            n = examples.sequence_length if examples.lengths is None else examples.lengths[i]
            expected = ORACLES[name](examples.inputs[i, :n].tolist())
            target = examples.targets[i].tolist()
            if data.objective.readout == "every":
                assert target[n:] == [IGNORED] * (len(target) - n)
                target = target[:n]
            assert target == pytest.approx(expected)


@pytest.mark.parametrize("name", ORACLES)
def test_the_rule_scores_the_optimum(name, load):
    """The targets themselves, given out with certainty, reach the optimum and beat the baseline."""
    torch = pytest.importorskip("torch")
    data = load(name, size="tiny")
    targets = torch.from_numpy(data.test.targets)
    outputs = targets
    if not targets.is_floating_point():
        outputs = 1000.0 * torch.nn.functional.one_hot(targets.clamp(min=0), data.objective.outputs)
    if data.objective.readout == "every":
        targets, outputs = targets.swapaxes(0, 1), outputs.swapaxes(0, 1)
    _, metric, count = data.objective.totals(outputs, targets, None)
    assert data.objective.finish(float(metric) / float(count)) == pytest.approx(data.optimum)


def test_copying_baseline_is_the_score_of_guessing_after_the_go_sign(load):
    torch = pytest.importorskip("torch")
    data = load("copying", size="tiny", lag=7)
    outputs = torch.full((27, len(data.test), 9), -torch.inf)
    outputs[:17, :, 8] = 0
    outputs[17:, :, :8] = 0
    _, metric, count = data.objective.totals(outputs, torch.from_numpy(data.test.targets).T, None)
    assert float(metric) / float(count) == pytest.approx(data.baseline)
    assert data.baseline == pytest.approx(10 * math.log(8) / 27)


def test_adding_baseline_is_the_error_of_the_mean(load):
    data = load("adding", size="medium")
    mean = sum(data.train.targets[:, 0].tolist()) / len(data.train)
    errors = [(target - mean) ** 2 for target in data.test.targets[:, 0].tolist()]
    assert data.baseline == pytest.approx(sum(errors) / len(errors))
    assert data.baseline == pytest.approx(1 / 6, abs=0.02)


@pytest.mark.parametrize("name", ["parity"])
def test_class_baselines_are_the_share_of_the_commonest_class_of_train(name, load):
    data = load(name, size="tiny")
    train, test = (split.targets[split.targets != IGNORED].tolist() for split in (data.train, data.test))
    commonest = max(sorted(set(train)), key=train.count)
    assert data.baseline == pytest.approx(test.count(commonest) / len(test))


def test_no_more_parity_strings_than_there_are():
    assert task_class("parity")(sequence_length=4, min_length=2).largest() == (4 + 8 + 16) * 8 // 10
    assert task_class("parity")(sequence_length=400).largest() == 1_000_000


def test_parity_lengths_are_those_asked_for(load):
    data = load("parity", size=500, min_length=3, sequence_length=9, longer=(12,))
    assert set(np.unique(data.train.lengths)) == set(range(3, 10))
    assert data.longer[12].inputs.shape == (1000, 12)
    assert load("parity", size="tiny", min_length=9, sequence_length=9, longer=()).train.lengths is None


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("adding", {"sequence_length": 1}),
        ("copying", {"lag": 0}),
        ("parity", {"min_length": 50}),
        ("parity", {"longer": (40, 100)}),
    ],
)
def test_settings_that_no_data_could_meet(name, settings):
    (setting,) = settings
    with pytest.raises(SettingError, match=f"^data.{setting}="):
        task_class(name)(**settings).check()
