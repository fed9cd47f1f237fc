"""From tasks to the verdict on a claim: in general, by task, the family of p-values, and claims that are refused."""

import math
import re
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from grid_evidence import evidence, noisy, runs, scale

from rnncompare.base.errors import SettingError
from rnncompare.claims.claim import Claim, expanded, load, names, parse
from rnncompare.claims.judge import as_family, judge
from rnncompare.statistics import decide_estimate, random_effects

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


def judged(effects, rule="beats", general=True, spread=0.005, seeds=10, looks=(10,), **changes):
    """The finding on tasks in which a is better than b by these effects."""
    tasks = {f"t{place}": effect for place, effect in enumerate(effects)}
    frames = [
        runs({"a": noisy(0.5 - effect, spread, 3 * k), "b": noisy(0.5, spread, 3 * k + 1)}, seeds, task=task)
        for k, (task, effect) in enumerate(tasks.items())
    ]
    claim = replace(CLAIM, tasks=tuple(tasks), general=general, rule=rule, **changes)
    (finding,) = judge(claim, evidence(*frames, scales={task: scale(title=task) for task in tasks}, looks=looks))
    return finding


def test_over_tasks_too_an_early_look_of_several_asks_for_more():
    once, early = (judged([0.1, 0.12, 0.11, 0.1, 0.13, 0.09], looks=looks) for looks in ((10,), (10, 20, 30, 50)))
    assert early.general.effect.low < once.general.effect.low
    assert early.general.effect.high > once.general.effect.high
    assert early.p > once.p


@pytest.mark.parametrize(
    ("effects", "rule", "verdict"),
    [
        ([0.1, 0.12, 0.11, 0.1, 0.13, 0.09], "beats", "supported"),
        ([-0.1, -0.12, -0.11, -0.1, -0.13, -0.09], "beats", "refuted"),
        ([0.001, 0.0, -0.001, 0.002, 0.0, 0.001], "equivalent", "equivalent"),
        ([0.1, 0.12, -0.1, -0.11, 0.0, 0.0], "equivalent", "depends on the task"),
        ([0.1, 0.0, 0.08, 0.0, 0.06, 0.0], "beats", "inconclusive"),
    ],
)
def test_tasks_are_a_sample_of_tasks(effects, rule, verdict):
    finding = judged(effects, rule)
    assert finding.verdict == verdict
    sample = random_effects(
        [task.effect.mean / task.margin for task in finding.tasks],
        [task.standard_error / task.margin for task in finding.tasks],
    )
    alone = decide_estimate(sample, 1.0, rule).effect
    general = finding.general.effect
    assert (general.mean, general.low, general.high) == pytest.approx((alone.mean, alone.low, alone.high))
    assert finding.general.new_task.low < finding.general.effect.low
    assert len(finding.general.leave_one_out) == len(effects)
    assert finding.general.median == pytest.approx(np.median(effects) / 0.02, abs=0.5)


def test_the_interval_over_tasks_is_of_tasks_not_of_seeds():
    # many seeds on tasks that differ: each task is sure, the tasks together are not
    finding = judged([0.3, 0.0, 0.15, 0.02], spread=0.001)
    assert all(task.effect.high - task.effect.low < 0.02 for task in finding.tasks)
    assert finding.general.effect.low < 1 < finding.general.effect.high
    assert finding.verdict == "inconclusive"


def test_without_the_one_task_that_it_rests_on_the_mean_says_otherwise():
    finding = judged([0.04, 0.04, 0.04, 0.041, -0.02], "beats", spread=0.001)
    without = finding.general.leave_one_out.set_index("task")["verdict"]
    assert without["t4"] != finding.verdict
    assert "t4" in finding.notes[0]


def test_in_general_needs_three_tasks_that_count():
    finding = judged([0.1, 0.1, 0.1])
    assert finding.verdict == "supported"
    lost = {"a": noisy(1.0, 1e-4, 1), "b": noisy(1.0, 1e-4, 2)}
    frames = [runs({"a": noisy(0.4, 0.005, k), "b": noisy(0.5, 0.005, k + 5)}, task=f"t{k}") for k in range(2)] + [
        runs(lost, task="t2")
    ]
    claim = replace(CLAIM, tasks=("t0", "t1", "t2"), general=True)
    (finding,) = judge(claim, evidence(*frames))
    assert finding.verdict == "inconclusive"
    assert [task.verdict for task in finding.tasks] == ["better", "better", "uninformative"]
    assert "2 of 3 tasks" in finding.notes[0]


def test_what_the_mean_would_be_with_tasks_at_the_optimum_is_said():
    perfect = runs({"a": noisy(1e-4, 1e-5, 1), "b": noisy(1e-4, 1e-5, 2)}, task="t4")
    frames = [runs({"a": noisy(0.4 - k / 50, 0.005, k), "b": noisy(0.5, 0.005, k + 9)}, task=f"t{k}") for k in range(4)]
    claim = replace(CLAIM, tasks=tuple(f"t{k}" for k in range(5)), general=True)
    (finding,) = judge(claim, evidence(*frames, perfect, scales={f"t{k}": scale("bounded") for k in range(5)}))
    effects = [task.effect.mean / task.margin for task in finding.tasks[:4]]
    every = random_effects([*effects, 0.0], [0.0] * 5).interval()
    said = f"counted as no difference: {every.mean:+.3g} [{every.low:+.3g}, {every.high:+.3g}]"
    assert any(
        note.startswith("with 1 task at which both are at the optimum") and said in note for note in finding.notes
    )
    lost = runs({"a": noisy(1.0, 1e-4, 1), "b": noisy(1.0, 1e-4, 2)}, task="t4")
    (finding,) = judge(claim, evidence(*frames, lost, scales={f"t{k}": scale("bounded") for k in range(5)}))
    assert finding.tasks[4].verdict == "uninformative"
    assert not any("at the optimum" in note for note in finding.notes)


def test_what_would_settle_a_claim_is_of_the_tasks_that_count_and_within_reason():
    apart = judged([0.021, 0.3], general=False, spread=0.02)
    assert re.fullmatch(r"about \d+ pairs in all", apart.settle)
    near = judged([0.0199], general=False, spread=0.08)
    assert near.settle == "more than 1,000 pairs in all"


def test_a_claim_whose_task_was_foreseen_is_suggestive():
    finding = judged([0.1, 0.2], general=False)
    foreseen = replace(finding, claim=replace(finding.claim, foreseen="we knew"))
    known, suggestive = as_family([finding, foreseen])
    assert (known.strength, suggestive.strength) == ("holds", "suggestive")
    assert suggestive.notes[-1] == "no more than suggestive: we knew"


def test_an_unconverged_task_takes_no_part_in_general():
    effects = [0.1, 0.11, 0.12, -0.3]
    frames = [
        runs({"a": noisy(0.5 - e, 0.005, 2 * k), "b": noisy(0.5, 0.005, 2 * k + 1)}, task=f"t{k}")
        for k, e in enumerate(effects)
    ]
    frames[3]["quality.converged"] = False
    claim = replace(CLAIM, tasks=tuple(f"t{k}" for k in range(4)), general=True)
    (finding,) = judge(claim, evidence(*frames))
    assert finding.tasks[3].verdict == "unconverged"
    assert finding.general.tasks == 3
    assert finding.verdict == "supported"


def test_a_claim_that_is_not_general_holds_if_it_holds_on_each_of_its_tasks():
    assert judged([0.1, 0.2], general=False).verdict == "supported"
    assert judged([0.1, -0.1], general=False).verdict == "depends on the task"
    mixed = judged([0.1, 0.01], general=False, spread=0.02)
    assert mixed.verdict == "inconclusive"
    assert "t0: supported" in mixed.notes


@pytest.mark.parametrize("effects", [[0.1, 0.0], [0.1, -0.1, 0.0], [0.01, -0.1]])
def test_a_claim_about_each_of_its_tasks_falls_with_one_and_no_number_of_pairs_would_settle_it(effects):
    finding = judged(effects, general=False, spread=0.006)
    depends = len(effects) == 3
    assert finding.verdict == ("depends on the task" if depends else "refuted")
    assert finding.settle == ""
    assert any(note.startswith("t1: ") for note in finding.notes)
    against = min(task.p_on_claim for task in finding.tasks if task.on_claim in ("refuted", "equivalent"))
    assert depends or against <= finding.p <= 2 * against


def test_p_belongs_to_the_decision_made():
    # the earlier judge printed p = 1.000 beside refuted rows of claims of equivalence
    refuted = judged([0.1, 0.12, 0.11, 0.1], "equivalent")
    assert refuted.verdict == "refuted"
    assert refuted.p < 0.01
    assert refuted.tasks[0].p < 0.01
    assert judged([0.0, 0.001, 0.0, 0.001, 0.0], "equivalent").p < 0.01
    assert judged([-0.1, -0.12, -0.11, -0.1]).p < 0.01


def test_a_positive_effect_speaks_for_the_first_arm_whatever_the_rule():
    for rule in ("beats", "equivalent"):
        finding = judged([0.1, 0.12, 0.11], rule)
        assert finding.effect.mean > 0
        assert all(task.verdict == "better" for task in finding.tasks)


def test_bold_needs_the_family_and_both_halves_of_the_seeds():
    sure, weak = judged([0.1, 0.11, 0.12]), judged([0.1, 0.11, 0.12])
    family = as_family([sure, replace(weak, p=0.04), replace(weak, p=0.04)])
    assert [finding.strength for finding in family] == ["holds", "suggestive", "suggestive"]
    assert family[1].p_adjusted == pytest.approx(0.08)
    (torn,) = as_family([replace(sure, halves_agree=False)])
    assert torn.strength == "suggestive"
    open_ = replace(sure, verdict="inconclusive", p=0.8)
    decided, undecided = as_family([replace(weak, p=0.03), open_])
    assert (decided.strength, decided.p_adjusted) == ("suggestive", 0.06)  # both were tested
    assert undecided.strength == ""


def test_in_a_study_without_any_difference_few_verdicts_hold():
    rng = np.random.default_rng(0)
    sure = judged([0.1, 0.11, 0.12])
    false = 0
    for ps in rng.uniform(size=(400, 20)):
        family = [replace(sure, p=p, verdict="supported" if p <= 0.05 else "inconclusive") for p in ps.tolist()]
        false += any(finding.strength == "holds" for finding in as_family(family))
    assert false / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_without_runs_of_both_arms_nothing_was_measured():
    frame = runs({"a": noisy(0.5, 0.01, 1), "b": noisy(0.5, 0.01, 2)})
    for present in (frame[frame["arm"] == "a"], frame.iloc[:0]):
        (finding,) = judge(CLAIM, evidence(present, scales={"t": scale()}))
        assert finding.verdict == "not measured"


def test_a_task_all_of_whose_runs_failed_is_not_measured():
    frame = runs({"a": noisy(0.5, 0.01, 1), "b": noisy(0.5, 0.01, 2)})
    frame = frame.assign(**{"status": "failed", "quality.baseline": math.nan})
    (finding,) = judge(CLAIM, evidence(frame))
    assert finding.verdict == "not measured"


def test_structure_is_decided_by_code():
    (finding,) = as_family(judge(load("gru_is_rnn"), evidence()))
    assert (finding.verdict, finding.strength) == ("supported", "holds")
    assert finding.checks


def test_each_start_is_judged_apart_and_keras_start_is_given_to_both():
    arms = {"gru": ("model=gru",), "lstm": ("model=lstm",), "rnn": ("model=rnn",)}
    every, pairs = expanded(arms, [("gru", "lstm"), ("gru", "rnn")], ("torch", "forget_bias_1", "keras"))
    assert [(pair.start, pair.first, pair.second) for pair in pairs] == [
        ("torch", "gru", "lstm"),
        ("torch", "gru", "rnn"),
        ("forget_bias_1", "gru", "lstm_forget_bias_1"),
        ("keras", "gru_keras", "lstm_keras"),
        ("keras", "gru_keras", "rnn"),
    ]
    assert every["lstm_forget_bias_1"] == ("model=lstm", "model.forget_bias=1")
    assert every["gru_keras"] == ("model=gru", "model.initialisation=keras")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"measures": ["longest_lag"]}, "margin of longest_lag"),
        ({"measures": ["longest_lag"], "margins": {"longest_lag": -1.0}}, "margin of longest_lag"),
        ({"measures": ["longest_lag"], "margins": {"longest_lag": 0.0}, "rule": "equivalent"}, "margin of longest_lag"),
        ({"margins": {"quality": 0.02}}, "the tasks' own margins"),
        ({"compare": [["a", "c"]]}, "compare"),
        ({"compare": []}, "compare"),
        ({"rule": "better"}, "rule"),
        ({"values": "some"}, "values"),
        ({"measures": ["qualty"]}, "measures=qualty"),
        ({"starts": ["tensorflow"]}, "starts=tensorflow"),
        ({"starts": ["forget_bias_1"]}, "starts=.*forget_bias_1.*: torch, or one that changes an arm"),
        ({"general": True, "tasks": ["t", "u"]}, "at least 3 tasks"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused_by_name(change, named):
    with pytest.raises(SettingError, match=named):
        parse({**asdict(CLAIM), **change}).check()


def test_an_unknown_claim_shows_the_list():
    with pytest.raises(SettingError, match=r"claim=folklore.*lstm_counts"):
        load("folklore")


def test_every_claim_that_is_shipped_can_be_judged():
    assert len(names()) >= 24
    for name in names():
        assert load(name).statement.endswith(".")


def test_probes_are_judged_shape_by_shape():
    rows = [
        {
            "probe": "step_time",
            "probe_id": f"{shape}{replicate}",
            "arm": "",
            "replicate": replicate,
            "settings.sequence_length": 50,
            "settings.batch_size": 8,
            "settings.input_size": 2,
            "settings.hidden_size": shape,
            "settings.threads": 1,
            "values.forward_backward.gru.auto": 1.0 + 0.01 * replicate,
            "values.forward_backward.lstm.auto": 1.5 + 0.02 * (replicate % 3) + 0.001 * shape,
        }
        for shape in (16, 32, 64, 128)
        for replicate in range(6)
    ]
    claim = replace(load("faster_step_cpu"), compare=(("gru", "lstm"),))
    (finding,) = judge(claim, evidence(probes=pd.DataFrame(rows), looks=(6,)))
    assert finding.verdict == "supported"
    assert len(finding.tasks) == 4
    assert finding.general.effect.mean * finding.tasks[0].margin == pytest.approx(math.log(1.55), abs=0.03)
