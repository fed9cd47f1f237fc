"""The figure of how soon and how well models learn over data size."""

import numpy as np
import pandas as pd

from rnncompare.report.pages import overview
from rnncompare.report.pages.phrases import TaskName
from rnncompare.report.pages.render import Plotter
from rnncompare.report.pages.run_lists import at_soonest_rate


def runs_of(updates):
    rows = [
        {
            "task": "adding",
            "value": size,
            "variant": variant,
            "seed": seed,
            "rate": 0.01,
            "config.train.max_updates": 1000,
            "status": "completed",
            "speed.updates_to_target": own[seed],
            "quality.test": 0.01 * (seed + 1),
            "quality.metric": "mean_squared_error",
            "quality.higher_is_better": False,
            "data.train_examples": size,
        }
        for (variant, size), own in updates.items()
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def drawn(updates, tmp_path, **targets):
    names = {"adding": TaskName("Adding", "training examples")}
    runs = runs_of(updates)
    return overview.less_data(names, targets, at_soonest_rate(runs), runs, Plotter(tmp_path))


def test_medians_and_models_that_never_get_there(tmp_path, monkeypatch):
    seen = []
    draw = overview.less.sooner_and_better
    monkeypatch.setattr(overview.less, "sooner_and_better", lambda panels: seen.extend(panels) or draw(panels))
    updates = {
        ("gru", 100): [200, 300, 900],
        ("gru", 400): [100, 150, np.nan],
        ("lstm", 100): [500, np.nan, np.nan],
        ("lstm", 400): [400, 400, 500],
        ("rnn", 400): [1, 1, 1],  # of one size only: not drawn
    }
    drawn(updates, tmp_path, adding=0.02)
    (panel,) = seen
    assert panel.goal == "to mean squared error 0.02"
    table = panel.rows.set_index(["name", "x"])["updates"]
    assert [table["gru", 100], table["gru", 400], table["lstm", 400]] == [300, 150, 400]
    assert np.isinf(table["lstm", 100])
    assert "rnn" not in set(panel.rows["name"])


def test_the_figure_is_saved_and_names_its_models(tmp_path):
    updates = {(name, size): [100, 200, np.nan] for name in ("gru", "lstm") for size in (100, 400)}
    figure = drawn(updates, tmp_path, adding=0.02)
    assert (tmp_path / "less-data.png").stat().st_size > 5000
    text = (tmp_path / "less-data.svg").read_text(encoding="utf-8")
    assert all(word in text for word in (">gru<", ">lstm<", "Adding", "training examples"))
    assert "hollow" in figure.description


def test_nothing_is_drawn_of_a_single_size_or_without_a_target(tmp_path):
    assert drawn({("gru", 100): [1, 2, 3]}, tmp_path, adding=0.02) is None
    assert drawn({("gru", 100): [1, 2, 3], ("gru", 400): [1, 2, 3]}, tmp_path) is None


def test_each_model_is_timed_at_the_rate_that_is_soonest_for_it():
    fast = runs_of({("gru", 100): [90, 100, 110], ("lstm", 100): [400, np.nan, np.nan]}).assign(rate=0.1)
    slow = runs_of({("gru", 100): [300, 300, 300], ("lstm", 100): [500, 500, 500]})
    chosen = at_soonest_rate(pd.concat([fast, slow], ignore_index=True))
    assert chosen.groupby("variant")["rate"].unique().map(list).to_dict() == {"gru": [0.1], "lstm": [0.01]}


def test_a_rate_that_lacks_seeds_is_not_the_best():
    runs = pd.DataFrame(
        {
            "variant": "gru",
            "task": "adding",
            "value": 100,
            "rate": [0.01, 0.01, 0.1],
            "speed.updates_to_target": [300.0, 500.0, 50.0],
            "config.train.max_updates": 1000,
        }
    )
    assert at_soonest_rate(runs)["rate"].tolist() == [0.01, 0.01]
    assert at_soonest_rate(pd.concat([runs, runs.tail(1)]))["rate"].tolist() == [0.1, 0.1]
