"""Each measure on evidence whose scores can be worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from rnncompare.claims import measures
from rnncompare.claims.evidence import Evidence


def runs(rows, **columns):
    """Evaluation runs: rows of (arm, value, seed, test); lower is better, the baseline 1, the optimum 0."""
    frame = pd.DataFrame(rows, columns=["arm", "value", "seed", "quality.test"])
    defaults = {
        "task": "t",
        "axis": "data.size",
        "status": "completed",
        "run_id": [f"run{k}" for k in range(len(frame))],
        "quality.metric": "mean_squared_error",
        "quality.higher_is_better": False,
        "quality.baseline": 1.0,
        "quality.optimum": 0.0,
        "data.train_examples": frame["value"].astype(float),
        "data.sequence_length": 25.0,  # steps, which some tasks have more of than their length says
        "config.data.sequence_length": 10,
    }
    return frame.assign(**(defaults | columns))


def evidence(frame, curves=None, probes=None):
    none = pd.DataFrame()
    return Evidence(frame, none, none if curves is None else curves, none if probes is None else probes)


def scored(name, given, *keys):
    table = measures.load(name).scores(given)
    return table.set_index(list(keys) or ["arm", "value", "seed"])["score"]


def test_every_measure_says_its_unit_and_has_a_first_line():
    for name in measures.names():
        module = measures.load(name)
        assert module.UNIT
        assert len((module.__doc__ or "").splitlines()[0]) > 20


def test_quality_is_the_share_of_the_way_from_baseline_to_optimum():
    given = evidence(runs([("gru", 10, 0, 0.25), ("lstm", 10, 0, 1.5)]))
    assert scored("quality", given).tolist() == [0.75, -0.5]


def test_quality_where_the_optimum_is_unknown_ends_at_the_best_run_seen():
    given = evidence(runs([("gru", 10, 0, 0.5), ("lstm", 10, 0, 0.75)], **{"quality.optimum": math.nan}))
    assert scored("quality", given).tolist() == [1.0, 0.5]


@pytest.mark.parametrize(("tests", "higher"), [((1.5, 2.0), False), ((0.5, 0.9), True), ((1.0, 1.5), False)])
def test_without_known_optimum_runs_that_all_miss_the_baseline_of_1_tell_nothing(tests, higher):
    columns = {"quality.optimum": math.nan, "quality.higher_is_better": higher}
    given = evidence(runs([("gru", 10, 0, tests[0]), ("lstm", 10, 0, tests[1])], **columns))
    assert scored("quality", given).tolist() == [0.0, 0.0]
    assert not measures.load("quality").scores(given)["informative"].any()
    assert scored("trainable", given).tolist() == [0.0, 0.0]


def test_an_accuracy_ends_at_one():
    columns = {"quality.metric": "accuracy", "quality.higher_is_better": True, "quality.optimum": math.nan}
    given = evidence(runs([("gru", 10, 0, 0.8)], **{**columns, "quality.baseline": 0.5}))
    assert scored("quality", given).tolist() == pytest.approx([0.6])


def test_a_run_that_diverged_unscored_counts_as_the_baseline_and_a_failed_one_not_at_all():
    frame = runs([("gru", 10, 0, math.nan), ("lstm", 10, 0, 0.5), ("lstm", 10, 1, math.nan)])
    frame["status"] = ["diverged", "completed", "failed"]
    assert scored("quality", evidence(frame)).to_dict() == {("gru", 10, 0): 0.0, ("lstm", 10, 0): 0.5}


@pytest.mark.parametrize(
    ("tests", "informative"),
    [((0.5, 0.9), True), ((1.1, 1.2), False), ((0.001, 0.002), False), ((0.001, 0.5), True)],
    ids=["one is better than the baseline", "none is", "both are at the optimum", "one is at the optimum"],
)
def test_a_condition_tells_nothing_where_none_beats_the_baseline_or_all_are_perfect(tests, informative):
    given = evidence(runs([("gru", 10, 0, tests[0]), ("lstm", 10, 0, tests[1])]))
    assert (measures.load("quality").scores(given)["informative"] == informative).all()


def test_quality_at_largest_keeps_the_largest_size_of_each_task():
    given = evidence(runs([("gru", 10, 0, 0.9), ("gru", 100, 0, 0.5)]))
    assert scored("quality_at_largest", given).to_dict() == {("gru", 100, 0): 0.5}


def test_the_metric_itself_is_signed_so_that_higher_is_better():
    given = evidence(runs([("gru", 10, 0, 0.25)]))
    assert scored("test_metric", given).tolist() == [-0.25]


def test_the_interaction_is_the_slope_over_doublings():
    quality = [("gru", 2**k, 0, 1 - 0.1 * k) for k in range(4)] + [("lstm", 2**k, 0, 1 - 0.2 * k) for k in range(4)]
    slopes = scored("interaction", evidence(runs(quality)), "arm")
    assert slopes["gru"] == pytest.approx(0.1)
    assert slopes["lstm"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("curve", "size", "reached"),
    [([0.6, 0.4, 0.0], math.sqrt(100 * 1000), True), ([0.1, 0.1, 0.1], 10, True), ([0.9, 0.8, 0.7], 1000, False)],
    ids=["half-way between two sizes", "already at the smallest", "never"],
)
def test_examples_to_target_are_interpolated_over_the_log_of_the_size(curve, size, reached):
    given = evidence(runs([("gru", 10 ** (k + 1), 0, test) for k, test in enumerate(curve)]))
    row = measures.load("examples_to_target").scores(given).iloc[0]
    assert (math.exp(-row["score"]), row["reached"]) == (pytest.approx(size), reached)


@pytest.mark.parametrize("name", ["examples_to_target", "interaction", "longest_lag"])
def test_a_curve_that_lacks_a_value_is_left_out(name):
    rows = [("gru", 2**k, seed, 0.1 * (4 - k)) for k in range(4) for seed in range(2)]
    whole = runs(rows)
    assert measures.load(name).scores(evidence(whole))["seed"].tolist() == [0, 1]
    for lost in (0, 3, 7):  # a shortest, a middle and a longest run
        assert measures.load(name).scores(evidence(whole.drop(index=lost)))["seed"].tolist() == [1 - lost % 2]


def test_updates_to_target_of_a_run_that_never_reached_it_are_a_bound():
    columns = {"speed.updates_to_target": [100.0, math.nan], "config.train.max_updates": 500}
    table = measures.load("updates_to_target").scores(evidence(runs([("a", 1, 0, 0), ("b", 1, 0, 0)], **columns)))
    assert np.exp(-table["score"]).tolist() == pytest.approx([100, 500])
    assert table["reached"].tolist() == [True, False]


def test_seconds_to_target_are_updates_times_the_time_of_an_update_of_the_pairs_replicate():
    columns = {"speed.updates_to_target": 100.0, "config.train.max_updates": 500}
    frame = runs([("gru", 1, 0, 0), ("gru", 1, 1, 0), ("gru", 1, 2, 0), ("lstm", 1, 0, 0)], **columns)
    probes = step_times({"update.gru.auto": [2.0, 3.0], "update.lstm.auto": [5.0, 7.0]})
    table = measures.load("seconds_to_target").scores(evidence(frame, probes=probes))
    assert np.exp(-table["score"]).tolist() == pytest.approx([200, 300, 200, 500])


def step_times(values):
    """Replicates of the probe ``step_time`` at one shape."""
    shape = dict.fromkeys(("sequence_length", "batch_size", "input_size", "hidden_size", "threads"), 1)
    frame = pd.DataFrame({f"values.{name}": times for name, times in values.items()})
    settings = {f"settings.{name}": value for name, value in shape.items()}
    return frame.assign(probe="step_time", replicate=range(len(frame)), arm="", **settings)


def test_the_longest_lag_ends_at_the_first_that_is_not_solved():
    solved, not_solved = 0.1, 0.9
    ladder = {"gru": [solved, solved, not_solved, solved], "lstm": [not_solved] * 4, "rnn": [solved] * 4}
    rows = [(arm, 5 * 2**k, 0, test) for arm, tests in ladder.items() for k, test in enumerate(tests)]
    lags = 2 ** scored("longest_lag", evidence(runs(rows)), "arm")
    assert lags.to_dict() == pytest.approx({"gru": 10, "lstm": 2.5, "rnn": 40})


def test_beyond_length_is_the_mean_accuracy_in_points_of_the_longer_lengths_only():
    columns = {"quality.by_length.10": 1.0, "quality.by_length.20": [0.5, 0.9], "quality.by_length.40": [0.7, 0.9]}
    columns |= {"quality.metric": "accuracy", "quality.baseline": 0.5}
    given = evidence(runs([("gru", 1, 0, 1.0), ("lstm", 1, 0, 1.0)], **columns))
    assert scored("beyond_length", given, "arm").to_dict() == pytest.approx({"gru": 60, "lstm": 90})


@pytest.mark.parametrize(
    ("accepted", "largest"),
    [((1, 1, 1), 80), ((1, 0.99, 1), 20), ((0.5, 1, 1), 10)],
    ids=["all", "a gap ends it", "none beyond training"],
)
def test_the_largest_n_accepted_is_the_end_of_an_unbroken_run(accepted, largest):
    columns = {f"quality.by_length.{n}": float(a) for n, a in zip((20, 40, 80), accepted, strict=True)}
    given = evidence(runs([("gru", 10, 0, 1.0)], **columns))
    assert 2 ** scored("largest_accepted", given).iloc[0] == pytest.approx(largest)


def test_overfitting_compares_new_data_where_the_training_losses_are_equal():
    frame = runs([("gru", 1, 0, 0), ("lstm", 1, 0, 0)])
    curves = pd.DataFrame(
        {
            "run_id": ["run0"] * 3 + ["run1"] * 3,
            "train_loss": [3.0, 2.0, 1.0, 3.0, 1.0, 0.5],
            "validation_loss": [3.0, 2.5, 2.0, 4.0, 4.0, 8.0],
        }
    )
    # both come down to 1: the first at its last point, the second at its middle one
    assert np.exp(scored("overfitting", evidence(frame, curves), "arm")).to_dict() == pytest.approx(
        {"gru": 2.0, "lstm": 4.0}
    )


def test_a_setting_that_trains_is_one_that_completes_and_beats_the_baseline():
    frame = runs([("a", 1, 0, 0.5), ("a", 1, 1, 1.5), ("a", 1, 2, 0.5)])
    frame["status"] = ["completed", "completed", "diverged"]
    assert scored("trainable", evidence(frame)).tolist() == [100.0, 0.0, 0.0]


def test_step_times_name_torchs_own_apart():
    probes = step_times({"forward_backward.gru.auto": [2.0], "forward_backward.gru.torch": [4.0]})
    times = np.exp(-scored("step_time", evidence(pd.DataFrame(), probes=probes), "arm"))
    assert times.to_dict() == pytest.approx({"gru": 2.0, "torch_gru": 4.0})
