import dataclasses
import errno
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from parsed import Parsed
from synthetic_records import ADDING, JSB, PARITY, record, sweep

from rnncompare.base.wording import loss_label
from rnncompare.records import QualityFields, load_curves, load_records, run_id, write_record
from rnncompare.report import tables
from rnncompare.report.__main__ import main
from rnncompare.report.figures import canvas, palette, run_scores, run_times
from rnncompare.report.tables import label
from rnncompare.statistics import mean_interval
from rnncompare.tasks.contract import objectives

ROOT = Path(__file__).parents[2]


def labelled(folder):
    return label(load_records(folder))[0]


def texts(figure):
    return " | ".join(item.get_text() for item in figure.findobj(matplotlib.text.Text))


def test_the_command_writes_summary_and_plots_of_each_task(tmp_path, capsys):
    sweep(tmp_path / "runs", ADDING, examples=(1000, 10_000), seeds=2)
    sweep(tmp_path / "runs", PARITY, examples=(100,), seeds=2)
    assert main([str(tmp_path / "runs")]) == 0
    report = tmp_path / "report"
    kinds = ["quality_by_examples", "learning_curves", "quality_by_parameters", "step_time"]
    names = [f"{kind}-{task}" for kind in kinds for task in ("adding", "parity")] + ["time_to_target-adding"]
    expected = {
        "report.html",
        "summary.csv",
        "summary.parquet",
        *(f"{name}{end}" for name in names for end in (".png", ".svg")),
    }
    assert {path.name for path in report.iterdir()} == expected
    for name in names:
        with open(report / f"{name}.png", "rb") as file:
            head = file.read(24)
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(head[16:20]) == 1600
        assert ElementTree.parse(report / f"{name}.svg").getroot().tag.endswith("svg")
    table, parquet = pd.read_csv(report / "summary.csv"), pd.read_parquet(report / "summary.parquet")
    assert table["quality.test"].tolist() == pytest.approx(parquet["quality.test"].tolist())
    assert len(table) == 6
    printed = capsys.readouterr().out
    assert "adding: test mean squared error, lower is better" in printed
    assert "12 runs" in printed
    assert str(report) in printed


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("task", [ADDING, PARITY])
def test_one_model_at_one_size_is_enough(task, seeds, tmp_path):
    sweep(tmp_path / "runs", task, models=("gru",), examples=(10_000,), seeds=seeds)
    assert main([str(tmp_path / "runs")]) == 0
    assert len(list((tmp_path / "report").glob("*.png"))) == 5


def test_the_page_holds_the_summary_and_every_plot(tmp_path):
    sweep(tmp_path / "runs", ADDING, examples=(1000,), seeds=1)
    assert main([str(tmp_path / "runs")]) == 0
    page = (tmp_path / "report" / "report.html").read_text()
    assert "1 seed: no intervals" in page
    drawn = [svg for svg in Parsed(page).all("svg") if "role" in svg.attributes]
    assert len(drawn) == len(list((tmp_path / "report").glob("*.png")))
    assert all("adding" in svg.attributes["aria-label"] for svg in drawn)
    assert 'href="#runs-0"' in page
    (row,) = (row for row in re.findall("<tr>.*</tr>", page) if "<td>lstm</td>" in row)
    test = load_records(tmp_path / "runs").set_index("model.name").loc["lstm", "quality.test"]
    assert f"<td>{test:.4g}</td>" in row


def command(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rnncompare.report", *map(str, arguments)],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(cwd), "MPLCONFIGDIR": str(cwd / "mpl")},
        capture_output=True,
        text=True,
    )


def test_a_task_of_which_no_run_completed_is_reported_beside_another(tmp_path):
    sweep(tmp_path / "runs", models=("gru",), examples=(1000,), seeds=2)
    failed, _ = record(task=PARITY, status="failed")
    write_record(tmp_path / "runs", dataclasses.replace(failed, quality=QualityFields()), [], "")
    done = command("runs", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "parity: test metric, no run completed" in done.stdout
    assert "1, 1 failed" in done.stdout


def test_unreadable_records_are_named_and_the_rest_reported(tmp_path):
    sweep(tmp_path / "runs", examples=(1000,), seeds=2)
    torn = min((tmp_path / "runs").glob("*/record.json"))
    torn.write_text(torn.read_text()[:100])
    done = command("runs", "--output", "elsewhere", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("not counted: runs")
    assert torn.parent.name in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert pd.read_csv(tmp_path / "elsewhere" / "summary.csv")["runs"].sum() == 3


def test_runs_of_other_code_and_without_a_curve_are_said_in_the_terminal_and_on_the_page(tmp_path, capsys):
    for seed, code in enumerate(("a" * 64, "b" * 64)):
        run, curve = record(seed=seed)
        made = dataclasses.replace(run, provenance=dataclasses.replace(run.provenance, source_sha256=code))
        path = write_record(tmp_path / "runs", made, curve, "seed: 0\n")
    path.with_name("curve.csv").unlink()
    assert main([str(tmp_path / "runs")]) == 0
    printed, page = capsys.readouterr().out, (tmp_path / "report" / "report.html").read_text()
    for said in ("were made by 2 versions of their code", f"{path.parent.name}/curve.csv"):
        assert said in printed
        assert said in page


@pytest.mark.parametrize("results", ["absent", "empty", "file.txt"])
def test_nothing_to_report_on_is_one_line(results, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x")
    assert main([str(tmp_path / results)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert results in said.err
    assert not (tmp_path / "report").exists()


def test_an_output_that_cannot_be_is_one_line(tmp_path, capsys):
    sweep(tmp_path / "runs", examples=(1000,), seeds=1)
    (tmp_path / "taken").write_text("")
    assert main([str(tmp_path / "runs"), "--output", str(tmp_path / "taken")]) == 2
    said = capsys.readouterr().err
    assert "taken" in said
    assert len(said.splitlines()) == 1


def test_a_full_disk_is_one_line_with_the_file_and_leaves_none_of_it(tmp_path, capsys, monkeypatch):
    sweep(tmp_path / "runs", examples=(1000,), seeds=1)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "summary.parquet").write_text("old")

    def full(self, file, **_):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    assert main([str(tmp_path / "runs")]) == 1
    said = capsys.readouterr().err
    assert "summary.parquet: No space left on device" in said
    assert len(said.splitlines()) == 1
    assert (tmp_path / "report" / "summary.parquet").read_text() == "old"


def test_help_and_wrong_arguments(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "--output" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([])


def test_a_report_from_parquet_has_no_curves_where_the_files_are_gone(tmp_path):
    sweep(tmp_path / "runs", examples=(1000,), seeds=2)
    load_records(tmp_path / "runs").assign(path="gone/record.json").to_parquet(tmp_path / "runs.parquet")
    assert main([str(tmp_path / "runs.parquet")]) == 0
    names = {path.stem for path in (tmp_path / "report").glob("*.png")}
    assert "quality_by_examples-adding" in names
    assert "learning_curves-adding" not in names


def test_quality_is_drawn_with_means_intervals_runs_baseline_and_failures(tmp_path):
    sweep(tmp_path, JSB, models=("gru",), examples=(50, 229), seeds=4)
    run, _ = record(JSB, "gru", 229, 9, "diverged")
    write_record(tmp_path, run, [], "")
    runs = labelled(tmp_path)
    figure = run_scores.quality_by_examples(runs)
    (axes,) = figure.axes
    (bars,) = axes.containers
    means = [record(JSB, "gru", size, seed)[0].quality.test for size in (50, 229) for seed in range(4)]
    expected = [mean_interval(means[:4]), mean_interval(means[4:])]
    assert bars.lines[0].get_xdata() == pytest.approx([50, 229])
    assert bars.lines[0].get_ydata() == pytest.approx([interval.mean for interval in expected])
    ends = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()])
    assert ends == pytest.approx(np.array([[interval.low, interval.high] for interval in expected]))
    dots = [line for line in axes.lines if len(line.get_xdata()) == 8]
    assert sorted(dots[0].get_ydata()) == pytest.approx(sorted(means))
    seen = texts(figure)
    for words in ("trivial baseline", "gru, 1 diverged", "over 4 seeds", "nats per frame", "lower is better"):
        assert words in seen
    assert axes.get_xscale() == "log"


def test_one_seed_says_so(tmp_path):
    sweep(tmp_path, seeds=1)
    runs, curves = labelled(tmp_path), load_curves(load_records(tmp_path))
    assert "one seed each: no interval" in texts(run_scores.quality_by_examples(runs))
    assert "one seed each: no band" in texts(run_times.learning_curves(runs, curves))


def test_learning_curves_average_seeds_and_keep_the_last_value_of_one_that_stopped(tmp_path):
    for seed, updates in enumerate((300, 500)):
        run, _ = record(seed=seed)
        curve = [
            dict.fromkeys(("examples", "train_loss", "validation_loss"), 1.0)
            | {"update": update, "seconds": update / 100, "validation_metric": 1 + seed + update / 1000}
            for update in range(100, updates + 1, 100)
        ]
        write_record(tmp_path, run, curve, "")
    figure = run_times.learning_curves(labelled(tmp_path), load_curves(load_records(tmp_path)))
    updates, seconds = figure.axes
    assert updates.lines[0].get_xdata() == pytest.approx([100, 200, 300, 400, 500])
    assert updates.lines[0].get_ydata() == pytest.approx([1.6, 1.7, 1.8, 1.85, 1.9])
    assert seconds.lines[0].get_xdata() == pytest.approx([1, 2, 3, 4, 5])
    band = updates.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((1.1, 2.5))


def test_a_target_never_reached_is_shown_as_such(tmp_path):
    for seed, value in enumerate((100, None, None)):
        run, _ = record(seed=seed)
        run.speed.updates_to_target = value
        run.speed.seconds_to_target = value
        write_record(tmp_path, run, [], "")
    seen = texts(run_times.time_to_target(labelled(tmp_path)))
    assert "2 of 3" in seen
    assert "never" in seen
    assert run_times.time_to_target(labelled(tmp_path)[lambda runs: runs["speed.updates_to_target"].isna()]) is None


def test_step_times_say_when_the_machine_was_shared(tmp_path):
    sweep(tmp_path, models=("gru",), examples=(100,), seeds=2)
    runs = labelled(tmp_path)
    figure = run_times.step_time(runs)
    assert f"{runs['speed.step_ms_median'].median():.3g} ms" in texts(figure)
    assert "shared" not in texts(figure)
    runs.loc[runs.index[0], "speed.exclusive"] = False
    assert "1 of 2 runs shared the machine" in texts(run_times.step_time(runs))


def test_series_look_the_same_in_every_panel(tmp_path):
    for width in (16, 64):
        sweep(tmp_path, models=("gru",), examples=(100,), seeds=1, hidden_size=width)
    sweep(tmp_path, models=("gru",), examples=(1000,), seeds=1, hidden_size=64)
    figure = run_times.learning_curves(labelled(tmp_path), load_curves(load_records(tmp_path)))
    markers = {(line.get_label(), line.get_marker()) for axes in figure.axes for line in axes.lines}
    assert len(markers) == 2


def test_colours_are_the_family_s_and_depend_on_the_name_alone():
    assert [palette.model_look(name)["color"] for name in ("lstm", "gru", "rnn")] == ["#0072b2", "#d55e00", "#009e73"]
    for name in ("lstm", "gru", "rnn", "gru_reset_before"):
        own, torch = palette.model_look(name), palette.model_look(f"torch_{name}")
        assert own["color"] == torch["color"] == own["markerfacecolor"]
        assert own["marker"] == torch["marker"]
        assert own["linestyle"] == "-" != torch["linestyle"]
        assert torch["markerfacecolor"] == palette.colour("page")
    variants = ["lstm_coupled", "cifg", "mgu", "mut1", "irnn", "mingru", "minlstm", "something_else"]
    plain_colours = {palette.model_look(name)["color"] for name in ("lstm", "gru", "rnn")}
    for name in variants:
        assert palette.model_look(name)["color"] not in plain_colours
        assert palette.model_look(name) == palette.model_look(name)
    for name, family in (("cifg", "lstm"), ("mut1", "gru")):
        shades = {light for role, (light, _) in palette.SERIES.items() if role.startswith(f"{family}-")}
        assert palette.model_look(name)["color"] in shades
    for name in ("gru, 16 units", "gru, hidden size 64", "gru, parameters 20000"):
        assert palette.model_look(name) == palette.model_look("gru")
    assert palette.model_look("lstm_forget_bias_1") == palette.model_look("lstm, forget bias 1, hidden size 64")


def test_models_of_one_figure_are_never_alike():
    looks = palette.model_looks(["gru", "gru, 16 units", "gru, 64 units", "lstm", "torch_gru", "a", "b", "c", "d"])
    assert len({(look["color"], look["marker"], look["markerfacecolor"]) for look in looks.values()}) == len(looks)


def test_each_colour_is_of_one_role_so_that_a_page_can_tell_them_apart():
    assert len({light for light, _ in palette.ROLES.values()}) == len(palette.ROLES)


HOSTILE = ["$x^{", "_hidden", "a\x00b", "模型", "../up", "x" * 300, "\\frac$$", "a\nb\x1b[1m", " ", "%s{}"]


def test_names_from_data_are_drawn_literally_and_stay_in_the_folder(tmp_path, capsys):
    for model in HOSTILE:
        run, curve = record(examples=10_000)
        run.model.name = run.config["model"]["name"] = model
        run.data.name = run.config["data"]["name"] = "../$\\alpha^{"
        run.quality.metric = "$_{"
        run.run_id = run_id(run.config)
        write_record(tmp_path / "runs", run, curve, "")
    assert main([str(tmp_path / "runs")]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "report"}
    written = list((tmp_path / "report").iterdir())
    assert len(written) == 13
    for path in written:
        if path.suffix == ".svg":
            assert ElementTree.parse(path).getroot() is not None
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert "../$\\alpha^{: test" in printed
    for name in HOSTILE:
        assert canvas.plain(name).count("$") == canvas.plain(name).count(r"\$")


def test_names_that_look_alike_get_files_of_their_own():
    assert canvas.slug("adding", 0) == "adding"
    assert len({canvas.slug("a/b", 0), canvas.slug("a_b", 1), canvas.slug("a\\b", 2)}) == 3


def test_the_loss_of_every_objective_has_a_unit():
    kinds = (objectives.Regression, objectives.Frames, *objectives.Classification.__subclasses__())
    assert loss_label("accuracy") == loss_label("bits_per_character") == "loss: cross-entropy (nats)"
    assert all(loss_label(kind.metric).startswith("loss: ") for kind in kinds)


def test_a_figure_drawn_twice_is_the_same_file_and_leaves_matplotlib_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    for name in ("first.png", "second.png"):
        run_times.learning_curve(record()[1], "gru", "gru on adding", tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    assert dict(matplotlib.rcParams) == before
    code = "import sys; from rnncompare.report.figures.run_times import learning_curve; "
    code += "learning_curve([], 'gru', 't', sys.argv[1]); "
    code += "print('matplotlib.pyplot' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "empty.png")],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stdout.split() == ["False", "False"], done.stderr
    assert (tmp_path / "empty.png").stat().st_size > 1000


def test_rows_that_differ_in_the_end_of_a_long_name_are_told_apart():
    series = [f"gru, {', '.join(f'setting_{i} {i}' for i in range(9))}, clip_norm {norm}" for norm in (0.5, 1)]
    columns = {"data.train_examples": 100, "model.hidden_size": 8, "runs": 1, "diverged": 0, "failed": 0}
    columns |= dict.fromkeys(("quality.test", "quality.test_high", "quality.baseline", "model.parameters"), 1.0)
    rows = pd.DataFrame({"series": series, **columns, "speed.step_ms_median": 1.0})
    assert tables.shown(rows)["model"].tolist() == series
    assert tables.shown(rows.iloc[:1])["model"].tolist() == [f"{series[0][:79]}…"]
