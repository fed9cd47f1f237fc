"""How a study grows: ranges of rates whose end is chosen, pairs where a verdict is open, tasks while a budget lasts."""

import dataclasses
import itertools

import numpy as np
import pytest

from rnncompare.base.errors import SettingError
from rnncompare.claims.claim import Claim
from rnncompare.claims.comparison import end_that_matters
from rnncompare.claims.scale import Scale
from rnncompare.records import DataFields, ModelFields, QualityFields, Record, SpeedFields, read_record, write_record
from rnncompare.statistics import ArmGrid
from rnncompare.studies import budget, run_study
from rnncompare.studies.budget import within
from rnncompare.studies.protocol import StudyTask, protocol
from rnncompare.studies.rates import neighbour, rate_at
from rnncompare.studies.reporter import SILENT
from rnncompare.studies.run_study import conduct
from rnncompare.studies.study_settings import StudySettings
from rnncompare.studies.verdicts import read_study

SCALE = Scale(
    title="Adding",
    kind="loss",
    metric="mean_squared_error",
    reference=0.0,
    margin=0.02,
    real=False,
    fixed_test=False,
)
TASK = StudyTask(
    name="adding",
    scale=SCALE,
    overrides=("data=adding",),
    axis="data.size",
    values=(100, 400),
    usual=400,
    rates=(0.001, 0.00316, 0.01),
    min_updates=100,
    max_updates=1000,
    usual_updates=500,
    validate_every=50,
    target=0.1,
)
CLAIM = Claim(
    name="c",
    statement="A GRU does better than an LSTM.",
    said_by=(),
    expected="",
    rule="beats",
    measures=("quality",),
    arms={"gru": ("model=gru",), "lstm": ("model=lstm",)},
    compare=(("gru", "lstm"),),
    size=("model.hidden_size=8",),
    tasks=("adding",),
)


def test_rates_are_half_decades_and_the_grid_ends_somewhere():
    assert [rate_at(place) for place in (-7, -6, -5, -4, -3)] == [0.000316, 0.001, 0.00316, 0.01, 0.0316]
    assert neighbour([0.001, 0.00316], "low") == 0.000316
    assert neighbour([0.00316, 0.01, 0.001], "high") == 0.0316
    assert neighbour([0.316, 1.0], "high") is None


@pytest.mark.parametrize(
    ("means", "end"),
    [((0.5, 0.8, 0.7), None), ((0.5, 0.6, 0.9), "high"), ((0.9, 0.6, 0.5), "low"), ((0.5, 0.8, 0.801), None)],
    ids=["inside", "at the top", "at the bottom", "at the top by less than matters"],
)
def test_a_range_grows_where_the_best_rate_lies_at_its_end(means, end):
    validation = np.array(means)[:, None] + np.zeros((3, 4))
    assert end_that_matters(ArmGrid(np.array(TASK.rates), validation, -validation, validation), 0.02) == end


LENGTHS = {"adding": 50, "parity": 51, "copying": 52, "reverse": 53}  # all are adding, told apart by their length


def tasks_called(*names):
    """Study tasks of these names."""
    length = "data.sequence_length"
    return {
        name: dataclasses.replace(TASK, name=name, overrides=(*TASK.overrides, f"{length}={LENGTHS[name]}"))
        for name in names
    }


def called(settings):
    """The name of the study task that a run belongs to."""
    return next(name for name, length in LENGTHS.items() if length == settings.data.sequence_length)


class Lab:
    """Trains nothing: records what a rate and a seed would have given, and after how many updates a target."""

    def __init__(self, folder, metric, soon=lambda rate: 100, ends=lambda model, task: True):
        self.folder, self.metric, self.soon, self.ends, self.trained = folder, metric, soon, ends, []

    def train(self, runs, _):
        for name, settings in runs.items():
            rate, model = settings.train.learning_rate, settings.model.name
            score = self.metric(model, rate, settings.seed, called(settings))
            quality = QualityFields(
                metric="mean_squared_error",
                higher_is_better=False,
                validation=score,
                validation_loss=score,
                test=score,
                baseline=1.0,
                converged=self.ends(model, called(settings)),
            )
            made = Record(
                run_id=name,
                status="completed",
                seed=settings.seed,
                device="cpu",
                config=settings.config(),
                model=ModelFields(name=model),
                data=DataFields(name=settings.data.name, train_examples=400, test_examples=100),
                quality=quality,
                speed=SpeedFields(updates_to_target=self.soon(rate)),
            )
            write_record(self.folder, made, [], "")
            self.trained.append((called(settings), model, rate, settings.seed))
            yield made

    def conduct(self, claims=(CLAIM,), tasks=None, **settings):
        self.trained.clear()
        asked = StudySettings(results_dir=str(self.folder), **settings)
        return conduct(asked, claims, tasks or {"adding": TASK}, [], self.train, "again")


@pytest.fixture(autouse=True)
def runs_take_a_second(monkeypatch):
    monkeypatch.setattr(budget, "seconds_of", lambda kinds, reporter: dict.fromkeys(kinds, 1.0))
    monkeypatch.setattr(run_study, "jobs_at_a_time", lambda runs: 2)


def noise(*key):
    return float(np.random.default_rng(list(key)).normal(0, 1))


def test_a_choice_at_the_end_makes_the_range_grow_for_both_arms(tmp_path):
    def metric(model, rate, seed, task):
        best = 0.0316 if model == "gru" else 0.00316
        return 0.4 + 0.1 * abs(np.log10(rate / best)) + 0.001 * noise(seed)

    lab = Lab(tmp_path, metric)
    made = lab.conduct(pairs=4, most_pairs=4)
    entries = made.manifest.entries
    assert [entry.rates for entry in entries] == [[0.001, 0.00316, 0.01, 0.0316, 0.1]] * 2
    assert [entry.began for entry in entries] == [3, 3]
    task = made.findings[0].tasks[0]
    assert not task.rates["edge"].any()
    chosen = task.rates[task.rates["chosen"] == 1].set_index("arm")["rate"].to_dict()
    assert chosen == {"gru": 0.0316, "lstm": 0.00316}
    assert len(lab.trained) == len(set(lab.trained)) == 2 * 5 * 4

    lab.conduct(pairs=4, most_pairs=4)
    assert lab.trained == []


def test_a_task_whose_metric_is_not_the_one_that_runs_report_is_refused_before_they_are_made(tmp_path):
    lab = Lab(tmp_path, lambda model, rate, seed, task: 0.5)
    for said, right in (({"metric": "accuracy"}, "mean_squared_error"), ({"higher_is_better": True}, "False")):
        wrong = dataclasses.replace(TASK, scale=dataclasses.replace(SCALE, **said))
        with pytest.raises(SettingError, match=rf"adding.yaml: {next(iter(said))}=.*: {right}, as its runs report"):
            lab.conduct(tasks={"adding": wrong}, pairs=4, most_pairs=4)
    assert lab.trained == []


def test_a_range_grows_where_the_target_is_reached_soonest_at_its_end(tmp_path):
    def metric(model, rate, seed, task):
        return 0.4 + 0.1 * abs(np.log10(rate / 0.00316)) + 0.001 * noise(seed)

    lab = Lab(tmp_path, metric, soon=lambda rate: round(1 / rate) if rate < 0.05 else 1000)
    sooner = dataclasses.replace(CLAIM, measures=("updates_to_target",), margins={"updates_to_target": 0.1})
    made = lab.conduct([sooner], pairs=4, most_pairs=4)
    assert [entry.rates for entry in made.manifest.entries] == [[0.001, 0.00316, 0.01, 0.0316, 0.1]] * 2
    assert lab.conduct([CLAIM], pairs=4, most_pairs=4).manifest.entries[0].rates == [0.001, 0.00316, 0.01]


def test_pairs_are_added_only_where_a_comparison_is_open_and_may_be_settled(tmp_path):
    def metric(model, rate, seed, task):
        wide = {"adding": 0.001, "parity": 0.02}[task]
        return 0.5 - 0.04 * (model == "gru") + wide * noise(seed, len(model)) + 0.3 * (rate != 0.00316)

    tasks = tasks_called("adding", "parity")
    claim = dataclasses.replace(CLAIM, tasks=("adding", "parity"))
    lab = Lab(tmp_path, metric)
    made = lab.conduct([claim], tasks, pairs=5, most_pairs=20)
    seeds = {(entry.task, entry.seeds) for entry in made.manifest.entries}
    assert seeds == {("adding", 5), ("parity", 20)}
    assert [task.look for task in made.findings[0].tasks] == [1, 3]


def test_what_the_cap_cut_at_every_seed_gets_no_more_pairs_unless_how_soon_is_asked_too(tmp_path):
    names = ("adding", "parity")
    tasks = tasks_called(*names)
    lab = Lab(
        tmp_path,
        lambda model, rate, seed, task: 0.5 + 0.01 * noise(seed) + 0.1 * (rate != 0.00316),
        ends=lambda model, task: (model, task) != ("lstm", "parity"),
    )
    claim = dataclasses.replace(CLAIM, tasks=names)
    by_code = dataclasses.replace(
        CLAIM, name="fewer_parameters", rule="exact", measures=("structure",), compare=(), arms={}
    )
    made = lab.conduct([claim, by_code], tasks, pairs=6, most_pairs=6)
    assert {(entry.task, entry.seeds) for entry in made.manifest.entries} == {("adding", 6), ("parity", 3)}
    assert [task.verdict for task in made.findings[0].tasks][1] == "unconverged"
    sooner = dataclasses.replace(
        claim, name="sooner", measures=("updates_to_target",), margins={"updates_to_target": 0.1}
    )
    made = lab.conduct([claim, sooner], tasks, pairs=6, most_pairs=6)
    assert {entry.seeds for entry in made.manifest.entries} == {6}
    # what is recorded stays: the claim alone has all six pairs now, and more of them may follow
    made = lab.conduct([claim], tasks, pairs=6, most_pairs=6)
    assert {(entry.task, entry.seeds) for entry in made.manifest.entries} == {("adding", 6), ("parity", 6)}


def test_every_stop_leaves_whole_pairs_of_the_most_important_claim(tmp_path):
    urgent = dataclasses.replace(CLAIM, name="urgent", priority=1, tasks=("parity",))
    tasks = tasks_called("adding", "parity")
    lab = Lab(tmp_path, lambda model, rate, seed, task: 0.5 + 0.01 * noise(seed) + 0.1 * (rate != 0.00316))
    lab.conduct([CLAIM, urgent], tasks, pairs=3, most_pairs=3)
    assert [task for task, _ in itertools.groupby(run[0] for run in lab.trained)] == ["parity", "adding"]
    for seed in range(3):
        assert {run[3] for run in lab.trained[6 * seed : 6 * seed + 6]} == {seed}


def test_a_budget_attempts_the_cheap_tasks_and_lists_the_others_with_their_price():
    names = ("adding", "parity", "copying", "reverse")
    tasks = tasks_called(*names)
    general = dataclasses.replace(CLAIM, tasks=names, general=True)
    plan = protocol([general], tasks)
    price = {"adding": 10.0, "parity": 1.0, "copying": 2.0, "reverse": 100.0}
    seconds = {entry: price[entry.task] for entry in plan.entries}
    kept, missing = within(plan, seconds, budget=2 * 13 / 0.75)
    assert {entry.task for entry in kept} == {"parity", "copying", "adding"}
    assert missing == [{"claim": "c", "start": "", "task": "reverse", "seconds": 200.0}]
    kept, missing = within(plan, seconds, budget=8)
    assert {entry.task for entry in kept} == {"parity", "copying"}
    assert [piece["task"] for piece in missing] == ["adding", "reverse"]
    least, missing = within(plan, seconds, budget=0.1)
    assert {entry.task for entry in least} == {"parity"}
    everything, nothing = within(plan, seconds, budget=1000)
    assert (len(everything), nothing) == (8, [])


def test_a_start_gets_enough_tasks_for_a_verdict_in_general_or_none():
    names = ("adding", "parity", "copying", "reverse")
    tasks = tasks_called(*names)
    plan = protocol([dataclasses.replace(CLAIM, tasks=names, general=True, starts=("torch", "forget_bias_1"))], tasks)
    seconds = dict.fromkeys(plan.entries, 1.0)
    for carried, trained in {8: 8, 9: 9, 11: 11}.items():  # of 12: two arms on four tasks, and an LSTM with a bias
        kept, _ = within(plan, seconds, budget=carried / 0.75)
        biased = [entry.task for entry in kept if "forget_bias" in str(entry)]
        assert (len(kept), len(biased)) == (trained, 0 if carried < 9 else 3)


def test_a_budget_that_estimates_spared_attempts_more_with_it(tmp_path, monkeypatch):
    lab = Lab(tmp_path, lambda model, rate, seed, task: 0.5 + 0.01 * noise(seed) + 0.1 * (rate != 0.00316))
    names = ("adding", "parity", "copying")
    tasks = tasks_called(*names)
    claims = [dataclasses.replace(CLAIM, name=name, tasks=(name,)) for name in names]
    # a run is said to take 10 s, so that of the 18 of each claim a budget of 5 minutes on two jobs holds one claim's
    monkeypatch.setattr(budget, "seconds_of", lambda kinds, reporter: dict.fromkeys(kinds, 10.0))
    made = lab.conduct(claims, tasks, pairs=3, most_pairs=3, budget="300s")
    assert {entry.task for entry in made.manifest.entries} == set(names)
    assert made.manifest.not_attempted == []


def test_a_study_that_goes_on_and_is_stopped_at_once_shows_no_less_than_before(tmp_path):
    def metric(model, rate, seed, task):
        if task == "parity":
            raise KeyboardInterrupt
        return 0.5 + 0.01 * noise(seed) + 0.1 * (rate != 0.00316)

    lab, tasks = Lab(tmp_path, metric), tasks_called("adding", "parity")
    lab.conduct([CLAIM], tasks, pairs=6, most_pairs=6)
    more = dataclasses.replace(CLAIM, name="more", tasks=("parity",))
    with pytest.raises(KeyboardInterrupt):
        lab.conduct([CLAIM, more], tasks, pairs=6, most_pairs=6)
    left = read_study(tmp_path)
    assert {(entry.task, entry.seeds) for entry in left.manifest.entries} == {("adding", 6), ("parity", 3)}
    assert left.findings[0].tasks[0].seeds == 6


class Listener(type(SILENT)):
    """Keeps what a study says."""

    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def test_records_of_other_code_are_said_to_be_trained_again_even_where_the_budget_does_not_carry_them(tmp_path):
    lab = Lab(tmp_path, lambda model, rate, seed, task: 0.5 + 0.01 * noise(seed) + 0.1 * (rate != 0.00316))
    lab.conduct(pairs=3, most_pairs=3)
    for path in tmp_path.glob("*/record.json"):
        made = read_record(path)
        made.provenance.source_sha256 = "0" * 64
        write_record(tmp_path, made, [], "")
    settings = StudySettings(results_dir=str(tmp_path), pairs=3, most_pairs=3, budget="1s")
    listener = Listener()
    conduct(settings, [CLAIM], {"adding": TASK}, [], lab.train, "again", listener)
    (said,) = [line for line in listener.said if "stale" in line]
    assert said.startswith("  18 recorded runs are stale")


def test_a_study_that_goes_on_keeps_what_it_has_and_pays_only_for_what_is_missing(tmp_path, monkeypatch):
    lab = Lab(tmp_path, lambda model, rate, seed, task: 0.5 + 0.01 * noise(seed) + 0.1 * (rate != 0.00316))
    names = ("adding", "parity", "copying")
    tasks = tasks_called(*names)
    claims = [dataclasses.replace(CLAIM, name=name, tasks=(name,)) for name in names]
    lab.conduct(claims[:1], tasks, pairs=3, most_pairs=3)
    lab.conduct(claims[1:2], tasks, pairs=5, most_pairs=5)
    # adding lacks 12 of its runs: with what it has, both fit a budget that would not hold one run of copying
    monkeypatch.setattr(
        budget, "seconds_of", lambda kinds, _: {kind: 1e6 if "data=copying" in kind else 1e3 for kind in kinds}
    )
    made = lab.conduct(claims, tasks, pairs=5, most_pairs=5, budget="60s")
    assert {entry.task for entry in made.manifest.entries} == {"adding", "parity"}
    assert {run[0] for run in lab.trained} == {"adding"}
    assert len(lab.trained) == 12
    assert {piece["task"] for piece in made.manifest.not_attempted} == {"copying"}
