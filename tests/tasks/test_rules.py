"""Generated tasks against their rules, stated again in plain Python, one sequence at a time."""

import itertools
import math

import numpy as np
import pytest

from rnncompare.base.errors import SettingError
from rnncompare.tasks import task_class
from rnncompare.tasks.contract import IGNORED
from rnncompare.tasks.modular_arithmetic import value


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


def even_pairs(bits):
    return sum(a != b for a, b in itertools.pairwise(bits)) % 2


def cycle_navigation(moves):
    position = 0
    for move in moves:
        position = (position + {0: 0, 1: 1, 2: -1}[move]) % 5
    return position


def modular_arithmetic(symbols):
    products = [[1, symbols[0]]]
    for sign, digit in zip(symbols[1::2], symbols[2::2], strict=True):
        if sign == 7:
            products[-1].append(digit)
        else:
            products.append([{5: 1, 6: -1}[sign], digit])
    assert len(symbols) % 2
    return sum(math.prod(factors) for factors in products) % 5


def answer(string, blank, said):
    n = len(string) // 2
    assert string[n:] == [blank] * n
    return [IGNORED] * n + said(string[:n])


def reverse(string):
    return answer(string, 2, lambda shown: shown[::-1])


def bucket_sort(string):
    return answer(string, 5, sorted)


def counting(string):
    n = string.count(0)
    assert string == [0] * n + [1] * n
    return [IGNORED] * n + [1] * (n - 1) + [2]


def dyck(word):
    open_brackets, expected = [], []
    for symbol in word:
        if symbol < 2:
            open_brackets.append(symbol)
            expected.append(IGNORED)
        else:
            expected.append(open_brackets.pop())
            assert symbol - 2 == expected[-1]
        assert len(open_brackets) <= 6
    assert not open_brackets
    return [*expected[1:], IGNORED]


def temporal_order(symbols):
    first, second = (symbol for symbol in symbols if symbol in (4, 5))
    assert (symbols[0], symbols[-1]) == (6, 7)
    return [(4, 4), (4, 5), (5, 4), (5, 5)].index((first, second))


def associative_recall(symbols):
    value = dict(zip(symbols[:8:2], symbols[1:8:2], strict=True))
    assert len(value) == 4
    assert sorted(value) == sorted(symbol for symbol in symbols[8:] if symbol < 16)
    return [IGNORED] * 8 + [value[symbol] - 16 if symbol in value else IGNORED for symbol in symbols[8:]]


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        adding,
        copying,
        parity,
        even_pairs,
        cycle_navigation,
        modular_arithmetic,
        reverse,
        bucket_sort,
        counting,
        dyck,
        temporal_order,
        associative_recall,
    )
}
CLASSES = sorted(set(ORACLES) - {"adding", "copying"})


@pytest.mark.parametrize("name", ORACLES)
def test_targets_follow_the_rule(name, load):
    data = load(name, seed=5, size="tiny")
    for examples in (data.train, data.test, *data.longer.values()):
        for i in range(min(len(examples), 200)):
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


@pytest.mark.parametrize("name", CLASSES)
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
        ("modular_arithmetic", {"min_length": 2}),
        ("modular_arithmetic", {"longer": (100,)}),
        ("counting", {"letters": 4}),
        ("dyck", {"min_length": 3}),
        ("dyck", {"kinds": 1}),
        ("temporal_order", {"sequence_length": 9}),
        ("associative_recall", {"pairs": 17}),
        ("associative_recall", {"sequence_length": 11}),
        ("markov_text", {"order": 4}),
    ],
)
def test_settings_that_no_data_could_meet(name, settings):
    with pytest.raises(SettingError, match=r"^data\.\w+=\S"):
        task_class(name)(**settings).check()


def test_worked_examples_of_modular_arithmetic():
    assert value(np.array([[1, 5, 2, 7, 4], [2, 6, 3, 6, 4]])).tolist() == [4, 0]


def test_three_letters_count_alike(load):
    data = load("counting", size="full", letters=3, sequence_length=30, longer=(31,))
    assert len(data.train) == task_class("counting")(letters=3, sequence_length=30).largest()
    for examples in (data.train, data.longer[31]):
        for string, target in zip(examples.inputs.tolist(), examples.targets.tolist(), strict=True):
            n = string.count(2)
            assert string == [0] * n + [1] * n + [2] * n + [0] * (len(string) - 3 * n)
            said = [IGNORED] * n + [1] * (n - 1) + [2] * n + [3]
            assert target == said + [IGNORED] * (len(target) - len(said))
    assert data.longer[31].inputs.shape == (1, 93)


def test_every_training_n_comes_once(load):
    data = load("counting", size="full")
    assert sorted(data.train.lengths // 2) == [n for n in range(1, 51) if n % 5]
    assert set(data.validation.lengths // 2) == {10, 20, 30, 40, 50}
    assert set(data.test.lengths // 2) == {5, 15, 25, 35, 45}


def test_positions_of_temporal_order(load):
    data = load("temporal_order", size="small", sequence_length=100)
    places = np.argwhere((data.train.inputs == 4) | (data.train.inputs == 5))[:, 1].reshape(-1, 2)
    assert set(places[:, 0]) == set(range(10, 21))
    assert set(places[:, 1]) == set(range(50, 61))


def test_markov_text_is_a_chain_of_its_transitions_from_its_stationary_distribution(load):
    settings = {"symbols": 3, "order": 2, "sequence_length": 20}
    task, data = task_class("markov_text")(**settings), load("markov_text", size=20_000, **settings)
    inputs, targets = data.train.inputs, data.train.targets
    assert (targets[:, 0] == IGNORED).all()
    np.testing.assert_array_equal(targets[:, 1:-1], inputs[:, 2:])
    contexts = 3 * inputs[:, :-1] + inputs[:, 1:]
    counts = np.zeros((9, 3))
    np.add.at(counts, (contexts, targets[:, 1:]), 1)
    expected = task.transitions() * counts.sum(1, keepdims=True)
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected.max())
    first = np.bincount(contexts[:, 0], minlength=9) / len(contexts)
    np.testing.assert_allclose(first, task.stationary(), atol=0.02)


def test_markov_text_optimum_is_the_score_of_the_true_distributions(load):
    settings = {"symbols": 4, "order": 1, "sequence_length": 50}
    task, data = task_class("markov_text")(**settings), load("markov_text", size="tiny", test_examples=5000, **settings)
    p = task.transitions()[data.test.inputs, data.test.targets]
    assert -np.log2(p).mean() == pytest.approx(data.optimum, abs=0.02)
    stationary = np.linalg.matrix_power(task.transitions(), 10_000)[0]
    brute = sum(
        -stationary[i] * q * math.log2(q) for i, row in enumerate(task.transitions().tolist()) for q in row if q > 0
    )
    assert data.optimum == pytest.approx(brute)


def test_markov_language_does_not_depend_on_the_seed_but_on_its_number():
    one, other = task_class("markov_text")(), task_class("markov_text")(language=1)
    assert one.optimum() != other.optimum()


@pytest.mark.parametrize("name", ["parity", "even_pairs", "cycle_navigation", "reverse", "dyck", "modular_arithmetic"])
def test_distinct_strings_are_not_overcounted(name, load):
    task = task_class(name)(size=1, sequence_length=5, min_length=2 if name == "dyck" else 1, longer=())
    sample = task.sample(60_000, np.random.default_rng(0))
    found = {tuple(row[:n]) for row, n in zip(sample.inputs.tolist(), sample.lengths, strict=True)}
    assert task.distinct() <= len(found)


def test_held_out_strings_are_of_lengths_with_many_strings(load):
    data = load("parity", size="small")
    assert data.train.lengths.min() == 1
    assert {data.validation.lengths.min(), data.test.lengths.min()} == {10}
    short = load("parity", size="tiny", sequence_length=8, longer=())
    assert short.test.lengths.min() < 8
