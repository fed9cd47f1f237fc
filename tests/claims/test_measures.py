"""Each measure on evidence whose scores can be worked out by hand."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from grid_evidence import evidence, runs, scale

from rnncompare.claims import measures

ONE = (0.01,)  # a single rate


def scored(name, given, *keys):
    table = measures.load(name).scores(given)
    return table.set_index(list(keys) or ["arm", "seed"])["score"]


def by_task(name, given):
    """The score of each arm and seed over all values of its task."""
    return measures.load(name).scores(given).groupby(["arm", "seed"])["score"].mean()


def constant(level):
    return lambda rate, seed: level


def test_every_measure_says_its_unit_and_has_a_first_line():
    for name in measures.names():
        measure = measures.load(name)
        assert measure.unit or measure.task_margin
        assert len(measure.meaning) > 20


def test_quality_is_in_the_tasks_own_unit_and_never_worse_than_the_baseline():
    given = evidence(runs({"gru": constant(0.25), "lstm": constant(7.1)}, 1, ONE))
    assert scored("quality", given).to_dict() == {("gru", 0): -0.25, ("lstm", 0): -1.0}


def test_an_accuracy_is_in_points_of_a_hundred_and_ends_at_its_reference():
    points = scale("bounded", metric="accuracy", higher_is_better=True, reference=1.0, margin=2)
    columns = {"quality.metric": "accuracy", "quality.higher_is_better": True, "quality.baseline": 0.5}
    given = evidence(runs({"gru": constant(0.8), "rnn": constant(0.4)}, 1, ONE, **columns), scales={"t": points})
    assert scored("quality", given).to_dict() == pytest.approx({("gru", 0): 80, ("rnn", 0): 50})


def test_runs_that_diverged_or_failed_are_the_worst_and_never_better_than_badly_trained_ones():
    frame = runs({"gru": constant(0.3)}, 3, ONE)
    frame["status"] = ["diverged", "failed", "completed"]
    frame.loc[1, ["quality.baseline", "quality.test"]] = math.nan
    frame.loc[2, "quality.test"] = 8.0
    assert scored("quality", evidence(frame)).tolist() == [-1.0, -1.0, -1.0]


def test_a_registered_reference_may_be_beaten_where_it_is_no_optimum():
    frame = runs({"gru": constant(0.2)}, 1, ONE)
    loss, bounded = scale("loss", reference=0.5), scale("bounded", reference=0.5)
    assert scored("quality", evidence(frame, scales={"t": loss})).tolist() == [-0.2]
    assert scored("quality", evidence(frame, scales={"t": bounded})).tolist() == [-0.5]


def test_of_a_task_that_is_solved_or_not_the_share_of_seeds_counts():
    frame = runs({"gru": lambda rate, seed: 0.05 if seed < 2 else 0.9}, 3, ONE)
    assert scored("quality", evidence(frame, scales={"t": scale("solve")})).tolist() == [1, 1, 0]


def test_quality_at_largest_is_that_at_the_tasks_largest_size_and_of_no_other_where_that_was_not_trained():
    frames = [runs({"gru": constant(1 - 0.1 * k)}, 1, ONE, value=10**k) for k in (1, 2)]
    given = evidence(*frames, runs({"gru": constant(0.5)}, 1, ONE, task="unfinished", value=10))
    given = dataclasses.replace(given, largest={"t": 100, "unfinished": 100})
    assert scored("quality_at_largest", given, "task", "value").to_dict() == pytest.approx({("t", 100): -0.8})


def test_quality_untuned_is_the_mean_over_the_rates_that_the_study_began_with():
    frame = runs({"gru": lambda rate, seed: 100 * rate / 2}, 2, (0.002, 0.004, 0.006))
    frame["added"] = frame["rate"] == 0.006
    assert scored("quality_untuned", evidence(frame)).tolist() == pytest.approx([-0.15, -0.15])
    lacking = frame[~((frame["seed"] == 1) & (frame["rate"] == 0.002))]
    assert scored("quality_untuned", evidence(lacking)).index.tolist() == [("gru", 0)]


def test_a_rate_that_trains_is_one_that_completes_and_beats_the_baseline():
    frame = runs({"a": lambda rate, seed: {0.001: 0.5, 0.00316: 1.0, 0.01: 0.5}[rate]}, 1)
    frame.loc[frame["rate"] == 0.01, "status"] = "diverged"
    assert scored("trainable", evidence(frame)).tolist() == pytest.approx([100 / 3])


def test_updates_to_target_of_a_run_that_never_reached_it_are_the_cap_and_marked():
    frame = runs({"a": constant(0.1), "b": constant(0.9)}, 1, ONE)
    frame["speed.updates_to_target"] = [100.0, math.nan]
    table = measures.load("updates_to_target").scores(evidence(frame))
    assert np.exp(-table["score"]).tolist() == pytest.approx([100, 1000])
    assert table["cut"].tolist() == [False, True]


def step_times(values):
    """Replicates of the probe ``step_time`` at one shape."""
    shape = dict.fromkeys(("sequence_length", "batch_size", "input_size", "hidden_size", "threads"), 1)
    frame = pd.DataFrame({f"values.{name}": times for name, times in values.items()})
    settings = {f"settings.{name}": value for name, value in shape.items()}
    return frame.assign(probe="step_time", replicate=range(len(frame)), arm="", **settings)


def test_seconds_to_target_are_updates_times_the_time_of_an_update_whatever_the_start():
    frame = runs({"gru": constant(0.1), "lstm_keras": constant(0.1)}, 3, ONE)
    frame["config.model.name"] = frame["arm"].map({"gru": "gru", "lstm_keras": "lstm"})
    probes = step_times({"update.gru.auto": [2.0, 3.0], "update.lstm.auto": [5.0, 7.0]})
    table = measures.load("seconds_to_target").scores(evidence(frame, probes=probes))
    assert np.exp(-table["score"]).tolist() == pytest.approx([200, 300, 200, 500, 700, 500])


def test_examples_to_target_are_the_octaves_at_which_it_is_reached():
    frames = [runs({"gru": constant(0.1), "lstm": constant(0.1)}, 1, ONE, value=100 * 4**k) for k in range(3)]
    reached = {("gru", 0): (False, True, True), ("lstm", 0): (False, False, True)}
    for k, frame in enumerate(frames):
        frame["speed.updates_to_target"] = [100.0 if reached[arm, 0][k] else math.nan for arm in frame["arm"]]
    score = by_task("examples_to_target", evidence(*frames))
    assert score["gru", 0] - score["lstm", 0] == pytest.approx(2)  # a quarter of the examples


def test_the_longest_lag_is_in_octaves_of_lags_solved():
    ladder = {"gru": (0.01, 0.01, 0.9, 0.9), "lstm": (0.9, 0.9, 0.9, 0.9), "rnn": (0.01, 0.01, 0.01, 0.01)}
    frames = [
        runs({arm: constant(tests[k]) for arm, tests in ladder.items()}, 1, ONE, value=5 * 2**k) for k in range(4)
    ]
    score = by_task("longest_lag", evidence(*frames, scales={"t": scale("solve")}))
    assert score["rnn", 0] - score["gru", 0] == pytest.approx(2)
    assert score["lstm", 0] == 0


def test_the_interaction_is_the_slope_over_doublings_in_margins():
    frames = [
        runs({"gru": constant(0.9 - 0.1 * k), "lstm": constant(0.9 - 0.2 * k)}, 1, ONE, value=2**k) for k in range(4)
    ]
    slopes = by_task("interaction", evidence(*frames))
    assert slopes["gru", 0] == pytest.approx(0.1 / 0.02)
    assert slopes["lstm", 0] == pytest.approx(0.2 / 0.02)


def test_only_the_sizes_that_an_arm_was_trained_at_count():
    whole = {"gru": constant(0.5), "lstm": constant(0.5)}
    partly = {"two": constant(0.9), "one": constant(0.9)}
    frames = [runs(whole | partly, 1, ONE, value=1)]
    frames += [runs(whole | {"two": constant(0.8)}, 1, ONE, value=2)]
    frames += [runs(whole, 1, ONE, value=2**k) for k in (2, 3)]
    slopes = by_task("interaction", evidence(*frames))
    assert slopes["two", 0] == pytest.approx(0.1 / 0.02)
    assert ("one", 0) not in slopes
    frames = [frame.assign(**{"speed.updates_to_target": 100.0}) for frame in frames]
    octaves = by_task("examples_to_target", evidence(*frames))
    assert octaves.to_dict() == {("gru", 0): 4.0, ("lstm", 0): 4.0, ("two", 0): 2.0}


def test_beyond_length_is_the_mean_accuracy_in_points_of_the_longer_lengths_only():
    points = scale("bounded", metric="accuracy", higher_is_better=True, reference=1.0, margin=2)
    columns = {"quality.by_length.10": 1.0, "quality.by_length.20": [0.5, 0.9], "quality.by_length.40": [0.7, 0.9]}
    columns |= {"quality.higher_is_better": True, "quality.baseline": 0.5}
    frame = runs({"gru": constant(1.0), "lstm": constant(1.0)}, 1, ONE, **columns)
    given = evidence(frame, scales={"t": points})
    assert scored("beyond_length", given, "arm").to_dict() == pytest.approx({"gru": 60, "lstm": 90})


@pytest.mark.parametrize(
    ("accepted", "largest"),
    [((1, 1, 1), 80), ((1, 0.99, 1), 20), ((0.5, 1, 1), 10)],
    ids=["all", "a gap ends it", "none beyond training"],
)
def test_the_largest_n_accepted_is_the_end_of_an_unbroken_run(accepted, largest):
    columns = {f"quality.by_length.{n}": float(a) for n, a in zip((20, 40, 80), accepted, strict=True)}
    given = evidence(runs({"gru": constant(0.0)}, 1, ONE, **columns))
    assert 2 ** scored("largest_accepted", given).iloc[0] == pytest.approx(largest)


def test_overfitting_compares_new_data_where_the_training_losses_are_equal():
    frame = runs({"gru": constant(0.1), "lstm": constant(0.1)}, 1, ONE)
    curves = pd.DataFrame(
        {
            "run_id": [frame["run_id"][0]] * 3 + [frame["run_id"][1]] * 3,
            "train_loss": [3.0, 2.0, 1.0, 3.0, 1.0, 0.5],
            "validation_loss": [3.0, 2.5, 2.0, 4.0, 4.0, 8.0],
        }
    )
    # both come down to 1: the first at its last point, the second at its middle one
    found = np.exp(scored("overfitting", evidence(frame, curves=curves), "arm")).to_dict()
    assert found == pytest.approx({"gru": 2.0, "lstm": 4.0})


@pytest.mark.parametrize("name", ["interaction", "examples_to_target", "longest_lag", "updates_to_target"])
def test_runs_that_a_measure_has_no_use_for_give_no_scores(name):
    frame = runs({"gru": constant(0.5)}, 2, ONE).assign(**{"config.train.target": math.nan})
    assert not len(measures.load(name).scores(evidence(frame)))


def test_threads_are_conditions_of_a_shape_and_no_tasks_of_their_own():
    one = step_times({"forward_backward.gru.auto": [2.0, 2.0], "forward_backward.lstm.auto": [4.0, 4.0]})
    table = measures.load("step_time").scores(evidence(probes=pd.concat([one, one.assign(**{"settings.threads": 2})])))
    assert table["task"].unique().tolist() == ["(1, 1, 1, 1)"]
    assert sorted(table["value"].unique()) == ["1 thread", "2 threads"]


def test_step_times_name_torchs_own_apart():
    probes = step_times({"forward_backward.gru.auto": [2.0], "forward_backward.gru.torch": [4.0]})
    times = np.exp(-scored("step_time", evidence(probes=probes), "arm"))
    assert times.to_dict() == pytest.approx({"gru": 2.0, "torch_gru": 4.0})
