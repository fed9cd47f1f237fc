"""What the judge says of one task: tuning, convergence, ties, solve-or-fail and the two arms compared alone."""

import math

import numpy as np
import pandas as pd
import pytest
from grid_evidence import RATES, evidence, noisy, runs, scale

from rnncompare.claims.claim import Claim
from rnncompare.claims.course import courses
from rnncompare.claims.judge import judge
from rnncompare.claims.task_judge import agree

CLAIM = Claim(
    name="c",
    statement="A beats B.",
    said_by=(),
    expected="",
    rule="beats",
    measures=("quality",),
    arms={"a": (), "b": ()},
    compare=(("a", "b"),),
    tasks=("t",),
)


def task_of(frame, claim=CLAIM, **given):
    (finding,) = judge(claim, evidence(frame, **given))
    return finding.tasks[0]


def pair(difference, spread=0.005, seeds=10):
    """Arm a is better than b by ``difference`` (its squared error is smaller)."""
    return runs({"a": noisy(0.5 - difference, spread, 1), "b": noisy(0.5, spread, 2)}, seeds)


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [(0.1, "better"), (-0.1, "worse"), (0.0, "no difference that matters"), (0.02, "cannot tell")],
)
def test_verdicts_follow_the_interval_and_the_tasks_margin(difference, verdict):
    task = task_of(pair(difference))
    assert task.verdict == verdict
    assert task.margin == 0.02
    assert task.effect.mean == pytest.approx(difference, abs=0.01)
    assert task.effect.low < task.effect.mean < task.effect.high
    assert task.rates.loc[task.rates["chosen"] > 0, "rate"].unique().tolist() == [RATES[1]]
    assert not task.rates["edge"].any()


@pytest.mark.parametrize("seeds", [0, 1, 2])
def test_seeds_too_few_to_choose_a_rate_and_judge_it_say_nothing(seeds):
    task = task_of(pair(0.1, seeds=seeds)) if seeds else task_of(pair(0.1).iloc[:0])
    assert task.verdict == ("cannot tell" if seeds else "not measured")
    assert task.effect is None


def test_a_rate_is_judged_on_seeds_that_did_not_choose_it():
    # pure noise over rates: the best of three on the same seeds would look better by about a spread
    random = np.random.default_rng(0)
    scores = {(arm, rate, seed): random.normal(0.5, 0.1) for arm in "ab" for rate in RATES for seed in range(10)}
    task = task_of(runs({arm: (lambda r, s, arm=arm: scores[arm, r, s]) for arm in "ab"}))
    for side, arm in (("first", "a"), ("second", "b")):
        best = max(-np.mean([scores[arm, rate, seed] for seed in range(10)]) for rate in RATES)
        assert getattr(task, side).mean < best


def test_the_luck_of_tuning_is_in_the_interval():
    steady = task_of(pair(0.0, spread=0.001))

    # two rates that validate alike, one of which tests far worse: which one is chosen is luck
    def treacherous(rate, seed):
        return 0.5 + 0.2 * (rate == RATES[2])

    random = np.random.default_rng(3)
    frame = runs({"a": treacherous, "b": lambda rate, seed: 0.5}, 10, RATES[1:])
    frame["quality.validation"] = 0.5 + random.normal(0, 0.01, len(frame))
    lucky = task_of(frame)
    assert lucky.effect.high - lucky.effect.low > 10 * (steady.effect.high - steady.effect.low)
    assert lucky.verdict == "cannot tell"


def test_rates_tied_on_validation_are_told_apart_by_their_loss():
    accuracy = scale("bounded", metric="accuracy", higher_is_better=True, reference=1.0, margin=2)
    columns = {"quality.higher_is_better": True, "quality.baseline": 0.2, "quality.metric": "accuracy"}
    frame = runs({"a": lambda rate, seed: 0.9 - 0.3 * (rate == RATES[0]), "b": lambda rate, seed: 0.9}, **columns)
    frame["quality.validation"] = 1.0  # all rates are perfect on validation
    frame["quality.validation_loss"] = frame["rate"].map({RATES[0]: 0.3, RATES[1]: 0.1, RATES[2]: 0.2})
    task = task_of(frame, scales={"t": accuracy})
    chosen = task.rates[task.rates["arm"] == "a"].set_index("rate")["chosen"]
    assert chosen.to_dict() == {RATES[0]: 0, RATES[1]: 1, RATES[2]: 0}
    assert task.first.mean == pytest.approx(90)


def test_a_rate_that_always_diverges_is_never_chosen():
    frame = pair(0.1)
    frame.loc[frame["rate"] == RATES[1], "status"] = "diverged"
    task = task_of(frame)
    assert task.rates.loc[task.rates["rate"] == RATES[1], "chosen"].tolist() == [0, 0]
    assert task.diverged == pytest.approx((1 / 3, 1 / 3))


def test_divergence_is_never_rewarded():
    # b ends worse than the trivial predictor, a diverges: neither is better
    frame = runs({"a": lambda rate, seed: 0.5, "b": lambda rate, seed: 7.0})
    frame.loc[frame["arm"] == "a", "status"] = "diverged"
    task = task_of(frame)
    assert (task.first.mean, task.second.mean) == pytest.approx((-1.0, -1.0))
    assert task.verdict == "uninformative"


def test_runs_cut_by_their_budget_leave_the_task_unconverged():
    frame = pair(0.1)
    frame["quality.converged"] = ~((frame["arm"] == "a") & (frame["seed"] < 3))
    task = task_of(frame)
    assert task.verdict == "unconverged"
    assert task.cut == pytest.approx((0.3, 0.0))
    frame["quality.converged"] = ~((frame["arm"] == "a") & (frame["seed"] < 2))
    assert task_of(frame).verdict == "better"


@pytest.mark.parametrize(("ahead", "verdict"), [(0.004, "better"), (0.006, "unconverged")])
def test_a_rate_at_which_runs_are_cut_gives_way_to_one_that_is_as_good_and_ends(ahead, verdict):
    # as good: within a quarter of the margin of 0.02
    frame = pair(0.1, spread=0.001)
    frame.loc[frame["rate"] != RATES[1], ["quality.test", "quality.validation", "quality.validation_loss"]] += 0.2
    low, middle = (frame[frame["rate"] == rate].index for rate in RATES[:2])
    for column in ("quality.test", "quality.validation", "quality.validation_loss"):
        frame.loc[low, column] = frame.loc[middle, column].to_numpy() - ahead
    frame["quality.converged"] = frame["rate"] != RATES[0]
    task = task_of(frame)
    assert task.verdict == verdict
    chosen = task.rates[task.rates["arm"] == "a"].set_index("rate")["chosen"]
    assert chosen[RATES[1 if verdict == "better" else 0]] == 1


def test_only_runs_at_rates_that_may_be_chosen_count_as_cut():
    frame = pair(0.1)
    frame["quality.converged"] = frame["rate"] == RATES[1]
    assert task_of(frame).verdict == "better"


def test_whether_a_task_tells_two_arms_apart_depends_on_these_two_alone():
    bounded = {"t": scale("bounded")}
    perfect = {"a": noisy(0.0001, 1e-5, 1), "b": noisy(0.0002, 1e-5, 2)}
    with_plain = perfect | {"plain": noisy(0.9, 0.01, 3)}
    for arms in (perfect, with_plain):
        assert task_of(runs(arms), scales=bounded).verdict == "uninformative"
    lost = {"a": noisy(1.0, 1e-4, 1), "b": noisy(1.0, 1e-4, 2), "good": noisy(0.1, 0.01, 3)}
    assert task_of(runs(lost), scales=bounded).verdict == "uninformative"


def test_beside_an_arm_at_the_optimum_a_better_one_is_refuted_only_by_a_worse_one():
    bounded = {"t": scale("bounded")}
    for error, verdict in ((0.012, "inconclusive"), (0.06, "refuted")):
        task = task_of(runs({"a": noisy(error, 0.035, 5), "b": noisy(1e-4, 1e-5, 2)}), scales=bounded)
        assert task.effect.high < task.margin
        assert (task.effect.high < 0) == (verdict == "refuted")
        assert task.on_claim == verdict
    below = task_of(runs({"a": noisy(0.325, 0.035, 5), "b": noisy(0.3, 1e-5, 2)}), scales=bounded)
    assert 0 < below.effect.high < below.margin
    assert below.on_claim == "refuted"


def test_beside_an_arm_near_the_optimum_a_difference_that_does_not_matter_supports_nothing():
    task = task_of(runs({"a": noisy(0.001, 1e-5, 1), "b": noisy(0.006, 1e-5, 2)}), scales={"t": scale("bounded")})
    assert 0 < task.effect.low < task.margin
    assert task.on_claim == "equivalent"


def solving(share_a, share_b, seeds):
    """Of each arm the given share of seeds solves the task, at every rate."""
    return runs(
        {
            "a": lambda rate, seed: 0.01 if seed < share_a * seeds else 0.9,
            "b": lambda rate, seed: 0.01 if seed < share_b * seeds else 0.9,
        },
        seeds,
    )


def test_where_runs_solve_or_fail_the_share_of_seeds_is_judged_exactly():
    solve = {"t": scale("solve")}
    task = task_of(solving(1.0, 0.2, 10), scales=solve)
    assert task.verdict == "better"
    assert task.unit.startswith("share of seeds")
    assert task.effect.mean == pytest.approx(0.8)
    assert task.effect.low > 0.1
    assert task_of(solving(0.9, 0.8, 10), scales=solve).verdict == "cannot tell"


def test_no_interval_of_a_difference_of_shares_goes_beyond_one():
    task = task_of(solving(1.0, 0.0, 3), scales={"t": scale("solve")})
    for interval in (task.effect, task.narrow):
        assert -1 <= interval.low <= interval.high <= 1


@pytest.mark.parametrize(("best", "noted"), [(0.001, "lowest"), (0.003, None), (0.01, "highest")])
def test_a_rate_beyond_those_tried_that_may_do_better_is_noted(best, noted):
    def a(rate, seed):
        return 0.3 + 0.1 * abs(math.log10(rate / best)) + 0.001 * seed

    task = task_of(runs({"a": a, "b": lambda rate, seed: 0.5}, 10))
    said = [note for note in task.notes if "one beyond it may do better" in note]
    assert len(said) == (noted is not None)
    assert noted is None or f"a at 10 does best at the {noted} learning rate tried, {best:g}" in said[0]


def test_ten_seeds_that_all_agree_show_no_equivalence_of_solving():
    # 9 of 10 against 9 of 10: no difference was observed, which is not that there is none
    task = task_of(solving(0.9, 0.9, 10), scales={"t": scale("solve")})
    assert task.verdict == "cannot tell"
    assert task.effect.high > 0.2


def test_a_difference_without_any_spread_is_not_equivalent():
    task = task_of(runs({"a": lambda rate, seed: 0.5, "b": lambda rate, seed: 0.5}))
    assert task.verdict == "cannot tell"


def test_one_fixed_test_set_widens_the_interval_by_its_own_error():
    points = {"metric": "accuracy", "higher_is_better": True, "reference": 1.0, "margin": 2}
    columns = {"quality.higher_is_better": True, "quality.baseline": 0.2, "data.test_examples": 400.0}
    arms = {"a": lambda rate, seed: 0.8 + 0.001 * (seed % 3), "b": lambda rate, seed: 0.8 - 0.001 * (seed % 2)}
    frame = runs(arms, 10, (0.01,), **columns)
    many = task_of(frame, scales={"t": scale("bounded", **points)})
    one = task_of(frame, scales={"t": scale("bounded", fixed_test=True, **points)})
    assert many.verdict == "no difference that matters"
    assert one.verdict == "cannot tell"
    error = 100 * math.sqrt(2 * 0.8 * 0.2 / 400)
    assert one.test_error == pytest.approx(error, rel=0.01)
    assert one.effect.high - one.effect.mean == pytest.approx(1.96 * error, rel=0.1)


def test_a_loss_on_one_fixed_test_set_says_what_its_interval_lacks():
    task = task_of(pair(0.1), scales={"t": scale(fixed_test=True)})
    assert task.test_error is None
    assert "not in the interval" in task.notes[0]


def test_a_later_look_asks_for_more_and_uses_all_of_its_seeds_but_no_others():
    first = task_of(pair(0.05, spread=0.02, seeds=10), looks=(10,))
    at_once = task_of(pair(0.05, spread=0.02, seeds=10), looks=(10, 20, 30, 50))
    assert at_once.effect.low < first.effect.low
    assert (at_once.seeds, at_once.look) == (10, 1)
    between = task_of(pair(0.05, spread=0.02, seeds=27), looks=(10, 20, 30, 50))
    assert (between.seeds, between.look) == (20, 2)


def test_only_seeds_that_both_arms_have_at_every_rate_are_compared():
    frame = pair(0.1, seeds=8)
    frame = frame[~((frame["arm"] == "b") & (frame["seed"] == 3) & (frame["rate"] == RATES[0]))]
    assert sorted(task_of(frame).pairs["seed"]) == [0, 1, 2, 4, 5, 6, 7]


def test_a_rate_that_was_added_counts_once_both_arms_have_it_on_all_seeds():
    added = runs({"a": noisy(0.3, 0.005, 4, best=0.0316), "b": noisy(0.3, 0.005, 5, best=0.0316)}, 10, (0.0316,))
    frame = pd.concat([pair(0.1), added.assign(added=True)])
    assert set(task_of(frame).rates["rate"]) == {*RATES, 0.0316}
    under_way = frame[~((frame["arm"] == "b") & (frame["rate"] == 0.0316) & (frame["seed"] > 4))]
    task = task_of(under_way)
    assert set(task.rates["rate"]) == set(RATES)
    assert task.seeds == 10


def test_the_halves_of_the_seeds_are_judged_apart():
    assert task_of(pair(0.1)).halves_agree is True
    frame = runs({"a": lambda rate, seed: 0.4 + 0.05 * (seed % 2) + 0.001 * seed, "b": lambda rate, seed: 0.5})
    frame.loc[(frame["arm"] == "a") & (frame["seed"] % 2 == 1), "quality.test"] = 0.495
    task = task_of(frame)
    assert task.halves[0] > 0.02 > task.halves[1]
    assert task.halves_agree is not True


def test_the_verdict_is_known_for_every_margin():
    by_margin = task_of(pair(0.1)).by_margin
    assert by_margin["verdict"].tolist() == ["better", "cannot tell", "no difference that matters"]
    assert by_margin["margin"].is_monotonic_increasing


def test_power_is_stated_and_falls_with_the_spread():
    assert task_of(pair(0.0, 0.005)).power > 0.9 > task_of(pair(0.0, 0.05)).power


def test_the_course_of_training_tells_sooner_from_better():
    # a is there after 100 updates, b after 1,000; both end alike
    frame = pair(0.0, spread=0.001)
    rows = []
    for run in frame.itertuples():
        for update in (100, 300, 1000, 3000):
            there = update >= (100 if run.arm == "a" else 1000)
            value = run._asdict()["_4"] if there else 0.9
            rows.append((run.run_id, update, value, value))
    curves = pd.DataFrame(rows, columns=["run_id", "update", "validation_metric", "validation_loss"])
    found = task_of(frame, curves=curves).courses["updates"].set_index("spent")
    assert found["effect"].iloc[0] == pytest.approx(0.4, abs=0.02)
    assert found["band_low"].iloc[0] > 0.02
    assert found["effect"].iloc[-1] == pytest.approx(0.0, abs=0.01)
    assert (found["band_low"] <= found["low"] + 1e-12).all()


@pytest.mark.parametrize(
    ("unit", "column", "factor"), [("FLOPs", "model.flops_per_update", 1), ("seconds", "speed.step_ms_median", 1000)]
)
def test_the_course_by_what_is_spent_counts_what_an_update_costs(unit, column, factor):
    # after as many updates a is as good as b, each of them at a tenth of the price
    frame = pair(0.0, spread=0.001).assign(**{column: 1.0 * factor})
    frame.loc[frame["arm"] == "b", column] = 10.0 * factor
    frame.loc[frame.index[0], column] *= 50  # one slow run is not what an update takes
    rows = [
        (run, update, 1 - 0.5 * (update >= 1000), 1.0) for run in frame["run_id"] for update in (100, 300, 1000, 3000)
    ]
    curves = pd.DataFrame(rows, columns=["run_id", "update", "validation_metric", "validation_loss"])
    task = task_of(frame, curves=curves)
    assert list(task.courses) == ["updates", unit]
    assert task.courses["updates"]["effect"].abs().max() == 0
    ahead = task.courses[unit].set_index("spent")["effect"]
    assert ahead[(ahead.index >= 1000) & (ahead.index < 10_000)].tolist() == pytest.approx(
        [0.5] * ((ahead.index >= 1000) & (ahead.index < 10_000)).sum()
    )
    assert ahead.iloc[-1] == 0


def test_without_tuning_a_solve_or_fail_task_is_judged_by_the_share_of_rates_that_solve_it():
    untuned = Claim(**{**vars(CLAIM), "measures": ("quality_untuned",)})
    frame = solving(1.0, 1.0, 10)
    failed = (frame["arm"] == "b") & (frame["rate"] == RATES[2])  # which b does not solve at the highest rate
    frame.loc[failed, ["quality.test", "quality.validation"]] = frame["quality.baseline"].iloc[0]
    task = task_of(frame.assign(added=False), untuned, scales={"t": scale("solve")})
    assert task.first.mean == pytest.approx(1.0)
    assert task.second.mean == pytest.approx(2 / 3)
    assert task.verdict != "not measured"


def test_runs_that_failed_count_as_the_worst_and_the_task_says_so():
    frame = pair(0.0)
    frame.loc[frame["arm"] == "b", "status"] = "failed"
    (note,) = [note for note in task_of(frame).notes if "failed" in note]
    assert note == "100.0% of the runs of b at its chosen rates diverged or failed: they count as the worst"
    assert not [note for note in task_of(pair(0.0)).notes if "failed" in note]


def test_scores_in_steps_that_all_agree_leave_their_mean_unknown():
    trainable = Claim(**{**vars(CLAIM), "measures": ("trainable",), "margins": {"trainable": 5.0}})
    frame = pair(0.0)
    lost = (frame["arm"] == "b") & (frame["rate"] == RATES[2])
    frame.loc[lost, "quality.test"] = frame["quality.baseline"]
    task = task_of(frame.assign(added=False), trainable)
    assert task.effect.mean == pytest.approx(100 / 3)
    assert math.isnan(task.effect.low)
    assert (task.verdict, task.direction, task.p_on_claim) == ("cannot tell", 0, 1.0)


def test_runs_that_were_cut_are_left_out_only_of_how_soon_a_target_is_reached():
    overfit = Claim(**{**vars(CLAIM), "measures": ("trainable",), "margins": {"trainable": 5.0}})
    frame = pair(0.0).assign(added=False, **{"quality.converged": False})
    frame.loc[(frame["arm"] == "b") & (frame["rate"] > RATES[0]), "quality.test"] = frame["quality.baseline"]
    frame.loc[(frame["arm"] == "b") & (frame["seed"] == 0), "quality.test"] = 0.5
    assert task_of(frame, overfit).verdict == "better"


def test_seconds_are_those_of_a_machine_that_trained_both_arms():
    frame = pair(0.0).assign(**{"provenance.hardware": "slow"})
    frame.loc[frame["arm"] == "a", "provenance.hardware"] = np.where(frame["seed"] % 2, "slow", "fast")[
        : len(frame) // 2
    ]
    frame["speed.step_ms_median"] = np.where(frame["provenance.hardware"] == "slow", 20.0, 1.0)
    curves = pd.DataFrame(
        [(run, update, 0.5, 1.0) for run in frame["run_id"] for update in (100, 200)],
        columns=["run_id", "update", "validation_metric", "validation_loss"],
    )
    spent = [
        task_of(given, curves=curves).courses["seconds"]["spent"].tolist()
        for given in (frame, frame.assign(**{"speed.step_ms_median": 20.0}))
    ]
    assert spent[0] == spent[1]
    apart = frame.assign(**{"provenance.hardware": frame["arm"]})
    assert list(task_of(apart, curves=curves).courses) == ["updates"]


@pytest.mark.parametrize(
    ("rule", "halves", "agreed"),
    [
        ("beats", (0.5, -2.0), True),
        ("beats", (0.5, 1.5), False),
        ("equivalent", (0.5, -2.0), False),
        ("equivalent", (-1.5, -2.0), True),
        ("equivalent", (1.5, 2.0), True),
    ],
)
def test_halves_agree_with_what_was_refuted(rule, halves, agreed):
    assert agree("refuted", halves, 1.0, rule) == agreed


def test_there_is_no_course_of_a_condition_without_runs():
    frame = pair(0.0)
    curves = pd.DataFrame(
        [(run, 100, 0.5, 1.0) for run in frame["run_id"]],
        columns=["run_id", "update", "validation_metric", "validation_loss"],
    )
    seeds, rates = sorted(frame["seed"].unique()), sorted(frame["rate"].unique())
    task, value = frame["task"].iloc[0], str(frame["value"].iloc[0])
    found = [
        courses(evidence(frame, curves=curves), task, at, ("a", "b"), seeds, rates) for at in (value, "no such value")
    ]
    assert [list(one) for one in found] == [["updates"], []]  # nothing says what an update costs


def test_times_that_were_never_reached_are_bounds_and_targets_seldom_reached_do_not_count():
    claim = Claim(**{**vars(CLAIM), "measures": ("updates_to_target",), "margins": {"updates_to_target": 0.1}})
    frame = pair(0.0)
    soon = frame["arm"] == "a"
    frame["speed.updates_to_target"] = np.where(soon, 100.0, np.where(frame["seed"] < 8, 500.0, np.nan))
    task = task_of(frame, claim)
    assert task.verdict == "better"
    assert task.effect.mean == pytest.approx(0.8 * math.log(5) + 0.2 * math.log(10))
    frame["speed.updates_to_target"] = np.where(frame["seed"] < 5, 100.0, np.nan)
    task = task_of(frame, claim)
    assert task.verdict == "uninformative"
    assert "neither arm reaches the target" in task.notes[0]


def test_how_soon_an_arm_is_does_not_depend_on_the_rate_at_which_it_ends_best():
    claim = Claim(**{**vars(CLAIM), "measures": ("updates_to_target",), "margins": {"updates_to_target": 0.1}})
    ends_best = {"a": RATES[0], "b": RATES[2]}
    frame = runs({arm: noisy(0.5, 0.005, 1, best) for arm, best in ends_best.items()})
    spread = np.exp(0.02 * np.random.default_rng(1).normal(size=len(frame)))
    frame["speed.updates_to_target"] = frame["rate"].map(dict(zip(RATES, (900.0, 300.0, 100.0), strict=True))) * spread
    task = task_of(frame, claim)
    assert task.effect.mean == pytest.approx(0, abs=0.05)
    assert task.verdict == "no difference that matters"


@pytest.mark.parametrize("kind", ["solve", "bounded"])
def test_a_condition_alone_has_the_interval_of_the_task(kind):
    close = {"a": lambda rate, seed: 0.99, "b": lambda rate, seed: 0.99 - 0.001 * (seed % 2)}
    same = runs(close, **{"quality.baseline": 0.5})
    accuracy = {"metric": "accuracy", "higher_is_better": True, "margin": 2.0, "reference": 1.0, "fixed_test": True}
    scales = {"t": scale(kind, **accuracy, solved=0.95 if kind == "solve" else None)}
    (finding,) = judge(CLAIM, evidence(same, scales=scales))
    (task,) = finding.tasks
    (row,) = task.conditions.to_dict("records")
    assert (row["low"], row["high"]) == (task.effect.low, task.effect.high)
    assert row["low"] < 0 < row["high"]
