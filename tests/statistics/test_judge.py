"""The judge judged: simulated studies with a known truth."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rnncompare.statistics import (
    Decision,
    Looks,
    decide,
    holm,
    pairs_for_difference,
    tuned_difference,
)
from tools.calibrate import DIFFERENCES, RESPONSES, SCORES, arms, first_seeds, solved_row, tables

STUDIES = {5: 8000, 10: 3000, 30: 2000}  # most where the judge comes nearest to its 5 %
everywhere = pytest.mark.parametrize("kind", DIFFERENCES)


@cache
def judged(kind: str, pairs: int) -> list[Decision]:
    """Simulated studies of ``pairs`` pairs that do not differ, margin 0."""
    random = np.random.default_rng([pairs, list(DIFFERENCES).index(kind)])
    return [decide(sample, 0.0) for sample in DIFFERENCES[kind](random, (STUDIES[pairs], pairs))]


def at_most(hits: int, studies: int, share: float) -> bool:
    """Whether so many hits are no sign, but for simulation error (1 in 1000), of more than ``share``."""
    return stats.binomtest(hits, studies, share, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("pairs", STUDIES)
@everywhere
def test_a_model_against_itself_differs_in_at_most_one_study_of_twenty(kind, pairs):
    found = sum(decision.verdict != "inconclusive" for decision in judged(kind, pairs))
    assert at_most(found, STUDIES[pairs], 0.05)


@everywhere
def test_intervals_over_thirty_pairs_hold_the_truth_as_often_as_they_say(kind):
    held = np.mean([d.effect.low <= 0 <= d.effect.high for d in judged(kind, 30)])
    assert 0.93 <= held <= 0.97


@everywhere
def test_an_effect_of_one_standard_deviation_is_found_over_thirty_pairs(kind):
    samples = DIFFERENCES[kind](np.random.default_rng(5), (1000, 30))
    assert np.mean([decide(sample + 1, 0.0).verdict == "supported" for sample in samples]) >= 0.9
    assert np.mean([decide(sample - 1, 0.0).verdict == "refuted" for sample in samples]) >= 0.9


@pytest.mark.parametrize("distance", [0.5, 0.8, 1.5, 3.0])
def test_the_pairs_said_to_find_an_effect_find_it_as_often_as_said(distance):
    pairs = pairs_for_difference(distance, power=0.8)
    samples = np.random.default_rng(3).normal(distance, 1.0, (1000, pairs))
    assert 0.76 <= np.mean([decide(sample, 0.0).verdict == "supported" for sample in samples]) <= 0.86


@pytest.mark.parametrize("rule", ["beats", "equivalent"])
@pytest.mark.parametrize("pairs", [2, 3, 4])
def test_fewer_than_five_pairs_are_never_equivalent(pairs, rule):
    samples = np.random.default_rng(pairs).normal(0.0, 1e-3, (300, pairs))
    assert all(decide(sample, 1.0, rule).verdict != "equivalent" for sample in samples)
    assert decide([0.0] * pairs, 1.0, rule).verdict != "equivalent"


@pytest.mark.parametrize("pairs", [5, 10, 30])
@everywhere
def test_a_difference_of_the_margin_is_rarely_called_equivalent(kind, pairs):
    # 5 % is promised for normal differences; skewed ones may reach the coverage the docs state for 90 % intervals
    allowed = 0.05 if kind.startswith(("normal", "heavy")) else 0.08
    samples = DIFFERENCES[kind](np.random.default_rng(pairs), (500, pairs))
    for sign in (1, -1):
        called = sum(decide(sign * (sample + 2.0), 2.0).verdict == "equivalent" for sample in samples)
        assert at_most(called, 500, allowed)


def test_equivalence_is_found_where_it_holds():
    samples = np.random.default_rng(0).normal(0.0, 1.0, (500, 50))
    assert np.mean([decide(sample, 0.5, "equivalent").verdict == "equivalent" for sample in samples]) >= 0.85


def test_a_family_of_claims_without_effects_has_a_false_one_in_at_most_one_report_of_twenty():
    random = np.random.default_rng(11)
    reports, claims = 500, 8
    false = 0
    for _ in range(reports):
        shared = random.normal(size=10)  # claims share seeds, so their differences are correlated
        p = [decide(0.6 * shared + 0.8 * random.normal(size=10), 0.0).p for _ in range(claims)]
        false += bool((holm(p) <= 0.05).any())
    assert at_most(false, reports, 0.05)


@pytest.mark.parametrize("pairs", STUDIES)
@everywhere
def test_the_documented_coverage_is_that_of_the_judge(kind, pairs):
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {kind} | {pairs} |"))
    documented = float(row.split(" | ")[2]) / 100
    held = sum(d.effect.low <= 0 <= d.effect.high for d in judged(kind, pairs))
    assert stats.binomtest(held, STUDIES[pairs], documented).pvalue > 0.001


def test_the_documentation_has_the_tables_that_the_calibration_makes():
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for _, head, rows in tables(2):
        assert f"| {' | '.join(head)} |" in page
        name, cells = rows[0](np.random.default_rng(0))
        assert len([name, *cells]) == len(head)
        assert f"| {name} | " in page
        assert all(0 <= float(cell) <= 100 for cell in cells)


@pytest.mark.parametrize("response", RESPONSES)
@pytest.mark.parametrize("kind", SCORES)
def test_a_model_against_itself_tuned_apart_differs_in_at_most_one_study_of_twenty(kind, response):
    random = np.random.default_rng([list(SCORES).index(kind), list(RESPONSES).index(response)])
    shifts = (RESPONSES[response], RESPONSES[response])
    effects = [tuned_difference([arms(random, kind, shifts, 10)]).interval(0.95) for _ in range(400)]
    assert at_most(sum(not e.low <= 0 <= e.high for e in effects), 400, 0.05)


def test_choosing_a_rate_by_luck_is_in_the_interval():
    """Rates that validate alike and test half a seed's spread apart: 17 % false differences where it was left out."""
    random, studies, luck = np.random.default_rng(1), 400, RESPONSES["by luck"]
    false = left_out = 0
    for _ in range(studies):
        first, second = arms(random, "normal", (luck, luck), 10)
        effect = tuned_difference([(first, second)]).interval(0.95)
        naive = decide(first.test[first.chosen] - second.test[second.chosen], 0.0)
        false += not effect.low <= 0 <= effect.high
        left_out += naive.verdict != "inconclusive"
    assert at_most(false, studies, 0.05)
    assert left_out / studies > 0.1


def test_looking_four_times_still_errs_in_at_most_one_study_of_twenty():
    random, looks, studies, false = np.random.default_rng(2), Looks(), 150, 0
    for _ in range(studies):
        first, second = arms(random, "normal", (RESPONSES["steep"], RESPONSES["steep"]), looks.pairs[-1])
        effects = (
            tuned_difference([(first_seeds(first, n), first_seeds(second, n))]).interval(1 - looks.alpha(n))
            for n in looks.pairs
        )
        false += any(not effect.low <= 0 <= effect.high for effect in effects)
    assert at_most(false, studies, 0.05)


def test_a_success_rate_of_nine_in_ten_is_held_against_a_certain_one_also_when_tuned():
    _, cells = solved_row(np.random.default_rng(3), rate=0.9, pairs=10, studies=40)
    assert float(cells[1]) <= 10
    assert float(cells[2]) >= 90
    assert float(cells[3]) == 0
