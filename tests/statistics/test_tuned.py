import itertools

import numpy as np
import pytest

from rnncompare.statistics import (
    ArmGrid,
    cross_fit,
    decide_estimate,
    expected_best,
    tuned_difference,
    tuned_proportions,
)

RATES = [0.001, 0.003, 0.01]


def grid(random, n, rates=3, gap=0.0):
    test = random.normal(size=(rates, n)) + gap * np.arange(rates)[:, None]
    return ArmGrid(np.arange(1, rates + 1), test + random.normal(size=test.shape), np.zeros_like(test), test)


def by_hand(first, second, seeds, size):
    """The mean, over all seeds and all choosing sets without them, of the difference at the chosen rates."""
    values = []
    for seed in seeds:
        others = [s for s in seeds if s != seed]
        scores = []
        for chosen_by in itertools.combinations(others, size):
            rates = [int(np.argmax(arm.validation[:, chosen_by].mean(1))) for arm in (first, second)]
            scores.append(first.test[rates[0], seed] - second.test[rates[1], seed])
        values.append(np.mean(scores))
    return float(np.mean(values))


@pytest.mark.parametrize("n", [6, 7])
def test_the_estimate_and_its_jackknife_are_those_of_choosing_and_judging_by_hand(n):
    random = np.random.default_rng(n)
    first, second = grid(random, n), grid(random, n)
    fit = cross_fit(first, second)
    whole = by_hand(first, second, range(n), n // 2)
    left_out = np.array([by_hand(first, second, [s for s in range(n) if s != out], n // 2) for out in range(n)])
    assert fit.mean == pytest.approx(whole)
    assert fit.pseudo_values.mean() == pytest.approx(whole)
    variance = (n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()
    error = tuned_difference([(first, second)]).standard_error
    assert error == pytest.approx(fit.widening * np.sqrt(variance))
    assert fit.widening >= 1


def test_with_one_rate_nothing_is_tuned_and_the_pairs_are_judged_as_they_are():
    random = np.random.default_rng(0)
    first, second = grid(random, 10, rates=1), grid(random, 10, rates=1)
    np.testing.assert_allclose(cross_fit(first, second).pseudo_values, (first.test - second.test)[0])


@pytest.mark.parametrize("n", [10, 30])
def test_exchanging_the_arms_turns_the_sign(n):
    random = np.random.default_rng(1)
    first, second = grid(random, n), grid(random, n)
    np.testing.assert_allclose(
        cross_fit(first, second).pseudo_values, -cross_fit(second, first).pseudo_values, atol=1e-9
    )


def test_the_luck_of_the_choice_widens_the_interval():
    random = np.random.default_rng(2)
    n = 10
    shared = random.normal(size=n) / 100
    validation = random.normal(size=(2, 3, n))
    arms = [ArmGrid(RATES, v, 0 * v, shared + np.array([[0.0], [0.5], [1.0]])) for v in validation]
    blind = np.std(shared, ddof=1) / np.sqrt(n)
    assert tuned_difference([(arms[0], arms[1])]).standard_error > 10 * blind


def test_ties_of_the_validation_score_go_to_the_smaller_loss_and_full_ties_are_shared():
    n = 10
    tied = np.ones((3, n))
    loss = np.array([0.3, 0.2, 0.1])[:, None] * tied
    test = np.array([0.4, 0.6, 0.8])[:, None] * tied
    by_loss = ArmGrid(RATES, tied, loss, test)
    assert (by_loss.chosen, by_loss.at_edge) == (2, "high")
    fit = cross_fit(by_loss, ArmGrid(RATES, tied, tied, test))
    np.testing.assert_allclose(fit.first, 0.8)
    np.testing.assert_allclose(fit.second, 0.6)
    np.testing.assert_allclose(fit.second_choices, 1 / 3)


def test_a_diverged_run_with_an_infinite_loss_does_not_poison_the_choice():
    n = 6
    validation, loss = np.ones((2, n)), np.ones((2, n))
    loss[0, 0] = np.inf
    diverged = ArmGrid([1, 2], validation, loss, np.array([[0.0], [1.0]]) * validation)
    assert diverged.chosen == 1
    assert np.isfinite(cross_fit(diverged, diverged).pseudo_values).all()


def test_the_order_of_ten_seeds_does_not_matter():
    random = np.random.default_rng(3)
    first, second = grid(random, 10), grid(random, 10)
    order = random.permutation(10)
    moved = [ArmGrid(g.rates, g.validation[:, order], g.loss[:, order], g.test[:, order]) for g in (first, second)]
    np.testing.assert_allclose(cross_fit(*moved).pseudo_values, cross_fit(first, second).pseudo_values[order])


def test_conditions_are_averaged_seed_by_seed():
    random = np.random.default_rng(4)
    conditions = [(grid(random, 10), grid(random, 10)) for _ in range(3)]
    fits = [cross_fit(*pair) for pair in conditions]
    assert tuned_difference(conditions).mean == pytest.approx(np.mean([fit.mean for fit in fits]))


def test_solve_or_fail_without_a_choice_is_the_exact_interval_and_never_narrower_than_that_of_the_choice():
    random = np.random.default_rng(5)
    solved = (random.random((2, 3, 10)) < [[[0.5], [0.6], [0.7]], [[0.9], [0.9], [0.9]]]).astype(float)
    arms = [ArmGrid(RATES, s, 1 - s, s) for s in solved]
    tuned, plain = tuned_proportions(*arms), tuned_difference([tuple(arms)])
    assert tuned.mean == pytest.approx(plain.mean)
    assert tuned.interval(0.95).low <= plain.interval(0.95).low
    same = [ArmGrid(RATES, np.ones((3, 10)), np.ones((3, 10)), np.ones((3, 10)))] * 2
    decision = decide_estimate(tuned_proportions(*same), 0.02, "equivalent")
    assert decision.verdict == "inconclusive"
    assert decision.effect.high > 0.25


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rates": [1, 2, 4]}, "unequal grids"),
        ({"rates": [3, 2, 1]}, "rising"),
        ({"test": np.ones((3, 9))}, "test of shape"),
        ({"validation": np.full((3, 10), np.nan)}, "worst score"),
    ],
)
def test_grids_that_do_not_fit_are_refused(change, said):
    values = np.ones((3, 10))
    parts = {"rates": [1, 2, 3], "validation": values, "loss": values, "test": values}
    with pytest.raises(ValueError, match=said):
        cross_fit(ArmGrid(**parts), ArmGrid(**(parts | change)))


def test_two_seeds_cannot_choose_and_judge():
    values = np.ones((3, 2))
    two = ArmGrid(RATES, values, values, values)
    with pytest.raises(ValueError, match="at least 3"):
        cross_fit(two, two)


@pytest.mark.parametrize("trials", [1, 2, 4, 6])
def test_what_tuning_is_worth_is_the_mean_over_all_draws(trials):
    arm = grid(np.random.default_rng(3), 2)
    arm = ArmGrid(arm.rates, np.round(arm.validation), np.random.default_rng(4).normal(size=(3, 2)), arm.test)
    runs = list(zip(arm.validation.ravel(), -arm.loss.ravel(), arm.test.ravel(), strict=True))
    best = [max(draw)[2] for draw in itertools.combinations(runs, trials)]
    assert expected_best(arm, trials) == pytest.approx(np.mean(best))


def test_there_are_no_more_trials_than_runs():
    with pytest.raises(ValueError, match="from 1 to the 6 runs"):
        expected_best(grid(np.random.default_rng(0), 2), 7)
