import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_records import JSB, PARITY, record, sweep

from rnncompare.records import QualityFields, SpeedFields, load_records, run_id, write_record
from rnncompare.report.tables import label, of_several_codes, summarise, text, with_interval
from rnncompare.statistics import mean_interval


def write(folder, run, curve=()):
    run.run_id = run_id(run.config)
    write_record(folder, run, curve, "")
    return run


def test_means_counts_and_medians_are_those_of_the_runs(tmp_path):
    sweep(tmp_path, models=("lstm", "gru", "torch_gru"), examples=(100, 1000), seeds=3)
    lost = write(tmp_path, record(model="gru", examples=1000, seed=3, status="diverged")[0])
    summary = summarise(load_records(tmp_path))
    assert len(summary) == 6
    row = summary[(summary["model.name"] == "gru") & (summary["data.train_examples"] == 1000)].iloc[0]
    runs = [record(model="gru", examples=1000, seed=seed)[0] for seed in range(3)]
    expected = mean_interval([run.quality.test for run in runs])
    assert (row["quality.test"], row["quality.test_low"], row["quality.test_high"]) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )
    assert row[["runs", "completed", "diverged", "failed"]].tolist() == [4, 3, 1, 0]
    assert set(row["run_ids"].split()) == {*(run.run_id for run in runs), lost.run_id}
    assert row["quality.baseline"] == pytest.approx(np.mean([run.quality.baseline for run in [*runs, lost]]))
    assert row["speed.step_ms_median"] == pytest.approx(np.median([run.speed.step_ms_median for run in [*runs, lost]]))
    assert row["model.parameters"] == runs[0].model.parameters


@pytest.mark.parametrize(
    ("updates", "reached", "median"),
    [([100, 200, 300], 3, 200), ([100, None, 300], 2, 300), ([None, 100, None], 1, None), ([None] * 3, 0, None)],
)
def test_a_run_that_never_reached_the_target_is_slower_than_any(updates, reached, median, tmp_path):
    for seed, value in enumerate(updates):
        run, _ = record(seed=seed)
        run.speed.updates_to_target = value
        run.speed.seconds_to_target = None if value is None else value / 10
        write(tmp_path, run)
    row = summarise(load_records(tmp_path)).iloc[0]
    assert row["reached_target"] == reached
    if median is None:
        assert math.isnan(row["speed.updates_to_target"])
        assert math.isnan(row["speed.seconds_to_target"])
    else:
        assert (row["speed.updates_to_target"], row["speed.seconds_to_target"]) == (median, median / 10)


@pytest.mark.parametrize(
    ("place", "name", "values", "label_column", "words"),
    [
        ("train", "learning_rate", [0.001, 0.01], "series", "learning_rate 0.01"),
        ("model", "forget_bias", [None, 1.0], "series", "forget_bias 1"),
        ("data", "sequence_length", [50, 100], "task", "sequence_length 100"),
        ("data", "path", ["a", 3], "task", "path 3"),
        ("train", "betas", [[0.9, 0.99], [0.9, 0.999]], "series", "betas [0.9, 0.999]"),
    ],
)
def test_runs_that_differ_in_more_than_their_seed_are_never_averaged(
    place, name, values, label_column, words, tmp_path
):
    for value in values:
        for seed in range(2):
            run, _ = record(seed=seed)
            run.config[place][name] = value
            write(tmp_path / "runs", run)
    frame = load_records(tmp_path / "runs")
    summary = summarise(frame)
    assert summary["runs"].tolist() == [2, 2]
    assert f"config.{place}.{name}" in summary
    assert any(words in labelled for labelled in summary[label_column])
    summary.to_parquet(tmp_path / "summary.parquet")
    assert len(pd.read_parquet(tmp_path / "summary.parquet")) == 2


def test_settings_that_differ_between_tasks_or_models_only_need_no_label(tmp_path):
    sweep(tmp_path, JSB, examples=(100,), seeds=1, batch=1)
    sweep(tmp_path, PARITY, models=("gru",), examples=(100,), seeds=1, sequence_length=20)
    frame, varying = label(load_records(tmp_path))
    assert varying == []
    assert set(frame["task"]) == {"jsb_chorales", "parity"}
    assert set(frame["variant"]) == {"gru", "lstm"}


def test_a_setting_is_named_where_it_varies_and_not_at_other_tasks(tmp_path):
    """Long names are cut, and what is cut may be what distinguishes them."""
    for task, rates in ((JSB, [0.001]), (PARITY, [0.001, 0.01])):
        for rate in rates:
            run, _ = record(task)
            run.config["train"]["learning_rate"] = rate
            write(tmp_path, run)
    frame, varying = label(load_records(tmp_path))
    assert varying == ["config.train.learning_rate"]
    found = frame.groupby("task")["series"].agg(set).to_dict()
    assert found == {"jsb_chorales": {"gru"}, "parity": {"gru, learning_rate 0.001", "gru, learning_rate 0.01"}}


def test_a_run_that_failed_at_once_stands_with_its_kind(tmp_path):
    sweep(tmp_path, models=("gru",), examples=(100,), seeds=2)
    run, _ = record(model="gru", examples=100, seed=2, status="failed")
    run.model.hidden_size = run.model.parameters = run.data.train_examples = None
    run.quality, run.speed = QualityFields(), SpeedFields()
    write(tmp_path, run)
    summary = summarise(load_records(tmp_path))
    assert summary[["runs", "completed", "failed"]].values.tolist() == [[3, 2, 1]]
    assert summary["data.train_examples"].tolist() == [100]


def test_failed_runs_alone_are_reported(tmp_path):
    run, _ = record(status="failed")
    run.model.hidden_size = run.data.train_examples = None
    run.quality, run.speed = QualityFields(), SpeedFields()
    write(tmp_path, run)
    summary = summarise(load_records(tmp_path))
    assert summary[["runs", "failed"]].values.tolist() == [[1, 1]]
    assert "1, 1 failed" in text(summary)
    summary.to_parquet(tmp_path / "summary.parquet")


def test_widths_of_one_model_are_apart_and_named(tmp_path):
    for width in (16, 64):
        sweep(tmp_path, models=("gru",), examples=(100,), seeds=2, hidden_size=width)
    sweep(tmp_path, models=("lstm",), examples=(100,), seeds=2)
    frame = load_records(tmp_path)
    assert set(label(frame)[0]["variant"]) == {"gru, 16 units", "gru, 64 units", "lstm"}
    assert summarise(frame)["model.hidden_size"].tolist() == [16, 64, 64]


def test_the_printed_table_says_task_metric_direction_and_numbers(tmp_path):
    sweep(tmp_path, PARITY, models=("gru",), examples=(10_000,), seeds=3)
    sweep(tmp_path, JSB, models=("gru",), examples=(229,), seeds=1)
    summary = summarise(load_records(tmp_path))
    printed = text(summary)
    assert "parity: test accuracy, higher is better" in printed
    assert "jsb_chorales: test negative log-likelihood (nats per frame), lower is better" in printed
    row = summary[summary["data.name"] == "parity"].iloc[0]
    line = next(line for line in printed.splitlines() if "10,000" in line)
    for piece in ("gru", "64", "3", with_interval(row["quality.test"], row["quality.test_high"] - row["quality.test"])):
        assert piece in line
    single = next(line for line in printed.splitlines() if line.strip().startswith("229"))
    assert "±" not in single


@pytest.mark.parametrize(
    ("mean", "half", "words"),
    [
        (8.45123, 0.0312, "8.451 ± 0.031"),
        (0.00012345, 0.0000212, "0.000123 ± 0.000021"),
        (123.456, 12.3, "123 ± 12"),
        (0.5, 0.0, "0.5 ± 0"),
        (0.98765, math.nan, "0.9877"),
        (math.nan, math.nan, "-"),
        (1.25e-9, 3.1e-10, "1.25e-09 ± 3.1e-10"),
    ],
)
def test_as_many_digits_as_the_interval_warrants(mean, half, words):
    assert with_interval(mean, half) == words


@given(mean=st.floats(-1e6, 1e6), half=st.floats(1e-12, 1e6))
def test_the_printed_interval_is_the_interval_to_two_digits(mean, half):
    shown, margin = with_interval(mean, half).split(" ± ")
    assert float(margin) == pytest.approx(half, rel=0.06)
    assert float(shown) == pytest.approx(mean, abs=max(0.06 * half, 0.006 * abs(mean) if half < 1e-5 else 0))


def test_runs_of_several_versions_of_their_code_are_noted():
    codes = {"model.name": ["gru"] * 3 + ["lstm"] * 2, "data.name": "adding"}
    frame = pd.DataFrame(codes).assign(**{"provenance.source_sha256": ["a", "a", "b", "c", None]})
    (note,) = of_several_codes(frame)
    assert "gru on adding were made by 2 versions" in note
    assert of_several_codes(frame.drop(columns="provenance.source_sha256")) == []
