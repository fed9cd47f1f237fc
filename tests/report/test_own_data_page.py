"""What a study of own data leaves behind, and figures that show what the model said."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from parsed import Parsed

import rnncompare
from rnncompare.report.figures import own_data
from rnncompare.studies.own_data.judging import Score


def kept(outputs, targets, **prepared):
    about = SimpleNamespace(**prepared) if prepared else None
    return SimpleNamespace(test_outputs=torch.tensor(outputs), test_targets=torch.tensor(targets), prepared=about)


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    folder = tmp_path_factory.mktemp("left")
    y = np.arange(60) % 2
    x = np.random.default_rng(0).normal(size=(60, 5, 1)) + y[:, None, None]
    settings = {"pairs": 2, "plain": False, "progress": False, "train.max_updates": 10, "model.hidden_size": 8}
    result = rnncompare.compare((x, y), results_dir=str(folder), **settings)
    return result, {path.name: path for path in result.page.parent.iterdir()}


def test_the_page_has_the_answer_every_row_of_the_table_the_figures_and_every_run(left):
    result, files = left
    page = Parsed(files["report.html"].read_text(encoding="utf-8"))
    texts = [element.text for element in page.elements]
    assert any(result.answer in text for text in texts)
    cells = {element.text for element in page.elements if element.tag == "td"}
    assert set(result.table["model"]) <= cells
    assert {name for name in files if name.endswith(".png")} == {"pairs.png", "sizes.png", "predictions.png"}
    anchors = {element.attributes.get("id") for element in page.elements}
    runs = [run for frame in result.parts.values() for run in (frame["run_id"] if len(frame) else [])]
    assert len(runs) == 24  # two pairs at three rates, and half of the data
    assert {f"run-{run}" for run in runs} <= anchors
    assert result.kept in files["report.html"].read_text(encoding="utf-8")


def test_the_table_is_left_as_markdown_and_printed_as_such(left):
    result, files = left
    said = files["answer.md"].read_text(encoding="utf-8")
    rows = [line for line in said.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(result.table)
    assert len({line.count("|") for line in rows}) == 1
    assert all(line in result.text() for line in rows)
    assert str(result.page) in result.text()


def test_what_is_to_be_watched_in_the_data_goes_with_the_answer(left):
    result, files = left
    warned = dataclasses.replace(result, understood=("read as 60 sequences", "warning: <b> are copies"))
    assert "warning: <b> are copies" in warned.markdown()
    assert "&lt;b&gt; are copies" in warned._repr_html_()
    assert "60 sequences" in files["report.html"].read_text(encoding="utf-8")


def test_the_command_to_train_it_names_the_seed_of_the_model_that_was_kept(left):
    result, _ = left
    asked = dataclasses.replace(result, question=dataclasses.replace(result.question, words=("data=adding",)))
    (words,) = [words for name, words in asked.following() if name == "train it"]
    best = next(score for score in result.situation.scores if score.model == result.situation.chosen()).best_run
    assert f"seed={result.runs.set_index('run_id')['seed'][best]} " in words


def test_sizes_shows_half_and_all_of_the_data_each_with_its_seeds():
    whole, half = Score(model="gru", test=np.array([0.8, 0.9])), Score(model="gru", test=np.array([0.6, 0.7]))
    axes = own_data.sizes([whole], [half], 100, "accuracy", True).axes[0]
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    np.testing.assert_allclose(np.c_[line.get_xdata(), line.get_ydata()], [[50, 0.65], [100, 0.85]])


def test_a_confusion_matrix_counts_what_was_taken_for_what_without_padding():
    outputs = np.array([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]], np.float32)
    words, figure = own_data.predictions(kept(outputs, np.array([[1, 1], [0, -100]]), classes=["no", "yes"]))
    assert [text.get_text() for text in figure.axes[0].texts] == ["0", "1", "1", "1"]
    assert "3 test targets" in words
    assert own_data.predictions(kept(np.zeros((3, 40), np.float32), np.array([1, 2, 3]))) is None  # too many to read


def test_forecasts_are_drawn_in_the_units_of_the_target_at_quantiles_of_the_error():
    targets = np.zeros((101, 3), np.float32)
    outputs = targets + np.arange(101, dtype=np.float32)[:, None]
    about = {"form": "forecast", "target": "load", "mean": [10.0] * 3, "spread": [2.0] * 3, "horizon": 3}
    _, figure = own_data.predictions(kept(outputs, targets, **about))
    drawn = [[line.get_ydata()[0] for line in axes.lines] for axes in figure.axes]
    np.testing.assert_allclose(drawn, [[10, 10 + 2 * error] for error in (10, 50, 90)])


def test_values_are_a_cloud_and_values_at_every_step_are_not_drawn():
    outputs, targets = np.array([[1.0], [2.0]], np.float32), np.array([[1.5], [2.5]], np.float32)
    _, figure = own_data.predictions(kept(outputs, targets))
    np.testing.assert_allclose(figure.axes[0].lines[1].get_xydata(), [[1.5, 1], [2.5, 2]])
    assert own_data.predictions(kept(outputs[:, None], targets[:, None])) is None
