"""From evidence to findings: pairs, conditions, verdicts and the family of p-values."""

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from test_measures import evidence, runs

from rnncompare.base.errors import SettingError
from rnncompare.claims.claim import Claim, load, names, parse
from rnncompare.claims.judge import as_family, judge
from rnncompare.statistics import decide

CLAIM = Claim(
    name="c",
    statement="A beats B.",
    said_by=(),
    expected="",
    rule="beats",
    measures=("quality",),
    margins={"quality": 0.02},
    arms={"a": (), "b": ()},
    compare=(("a", "b"),),
)


def paired(difference, spread=0.01, seeds=10, value=10):
    """Runs of two arms whose quality differs by ``difference`` on average."""
    noise = np.random.default_rng(value).normal(0, spread, seeds)
    rows = [("a", value, seed, 0.5 - difference - noise[seed]) for seed in range(seeds)]
    return runs(rows + [("b", value, seed, 0.5) for seed in range(seeds)])


@pytest.mark.parametrize(
    ("difference", "verdict"), [(0.1, "supported"), (-0.1, "refuted"), (0.0, "equivalent"), (0.02, "inconclusive")]
)
def test_verdicts_follow_the_interval_and_the_margin(difference, verdict):
    (finding,) = judge(CLAIM, evidence(paired(difference)))
    assert finding.verdict == verdict
    assert finding.decision == decide(finding.pairs["difference"], 0.02)
    assert (finding.settle != "") == (verdict == "inconclusive")


def test_the_seed_is_the_replicate_whatever_the_number_of_conditions():
    both = pd.concat([paired(0.1, value=10), paired(0.3, value=20)])
    (finding,) = judge(CLAIM, evidence(both))
    assert finding.decision.pairs == 10
    assert finding.decision.effect.mean == pytest.approx(finding.pairs["difference"].mean())
    assert finding.conditions["pairs"].tolist() == [10, 10]


def test_seeds_that_one_arm_lacks_are_left_out_and_said():
    frame = paired(0.1)
    frame = frame[~((frame["arm"] == "b") & (frame["seed"] == 3))]
    (finding,) = judge(CLAIM, evidence(frame))
    assert finding.decision.pairs == 9
    assert "a has 10 seeds, b 9: paired on the 9 in common" in finding.notes


def test_conditions_that_tell_nothing_do_not_count_and_without_any_nothing_is_said():
    useless = paired(0.1, value=20).assign(**{"quality.test": 1.5})
    (finding,) = judge(CLAIM, evidence(pd.concat([paired(0.1, value=10), useless])))
    assert finding.conditions["counts"].tolist() == [True, False]
    assert finding.decision.effect.mean == pytest.approx(0.1, abs=0.02)
    (finding,) = judge(CLAIM, evidence(useless))
    assert (finding.verdict, finding.decision) == ("uninformative", None)


def test_runs_that_diverged_are_counted_and_said_to_be_unequal():
    frame = paired(0.1)
    frame.loc[frame["arm"].eq("b") & frame["seed"].lt(2), "status"] = "diverged"
    (finding,) = judge(CLAIM, evidence(frame))
    assert finding.decision.pairs == 10
    assert "diverged, unequally: 0.0% of the runs of a, 20.0% of b" in finding.notes


def test_without_runs_of_both_arms_nothing_was_measured():
    frame = paired(0.1)
    for present in (frame[frame["arm"] == "a"], frame.iloc[:0]):
        (finding,) = judge(CLAIM, evidence(present))
        assert finding.verdict == "not measured"


def test_one_seed_gives_no_interval_and_no_verdict():
    (finding,) = judge(CLAIM, evidence(paired(0.1, seeds=1)))
    assert finding.verdict == "inconclusive"
    assert math.isnan(finding.decision.effect.low)


def test_times_that_were_never_reached_are_bounds_and_targets_seldom_reached_do_not_count():
    claim = parse({**asdict(CLAIM), "measures": ["updates_to_target"], "margins": {"updates_to_target": 0.1}})
    columns = {"config.train.max_updates": 1000}
    rows = [("a", 1, seed, 0) for seed in range(10)] + [("b", 1, seed, 0) for seed in range(10)]
    times = [100.0] * 10 + [500.0] * 8 + [math.nan] * 2
    (finding,) = judge(claim, evidence(runs(rows, **columns, **{"speed.updates_to_target": times})))
    assert finding.verdict == "supported"
    assert finding.decision.effect.mean == pytest.approx(math.log(5))
    times = [100.0] * 5 + [math.nan] * 15
    (finding,) = judge(claim, evidence(runs(rows, **columns, **{"speed.updates_to_target": times})))
    assert finding.verdict == "uninformative"
    assert "fewer than 80% of the runs reach the target" in finding.notes[-1]


def test_p_values_are_adjusted_over_all_findings():
    findings = [judge(CLAIM, evidence(paired(difference)))[0] for difference in (0.1, 0.021)]
    adjusted = as_family(findings)
    assert adjusted[0].p_adjusted == pytest.approx(2 * findings[0].decision.p)
    assert adjusted[1].p_adjusted == pytest.approx(findings[1].decision.p)


def test_structure_is_decided_by_code():
    (finding,) = judge(load("gru_is_rnn"), evidence(pd.DataFrame()))
    assert finding.verdict == "supported"
    assert finding.checks


def test_every_claim_that_is_shipped_can_be_judged():
    assert len(names()) == 23
    for name in names():
        assert load(name).statement.endswith(".")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"margins": {"quality": 0.0}, "rule": "equivalent"}, "margin of quality"),
        ({"margins": {}}, "margin of quality"),
        ({"margins": {"quality": -1.0}}, "margin of quality"),
        ({"compare": [["a", "c"]]}, "compare"),
        ({"compare": []}, "compare"),
        ({"rule": "better"}, "rule"),
        ({"values": "some"}, "values"),
        ({"measures": ["qualty"], "margin": 0.1}, "measures=qualty"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused_by_name(change, named):
    with pytest.raises(SettingError, match=named):
        parse({**asdict(CLAIM), **change}).check()


def test_an_unknown_claim_shows_the_list():
    with pytest.raises(SettingError, match=r"claim=folklore.*lstm_counts"):
        load("folklore")
