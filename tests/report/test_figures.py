"""Figures from plain tables: what they show is what the tables hold, and a page can take each of them."""

import math
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from rnncompare.report.figures import effects, lines, palette, svg

NAMES = ("gru", "lstm", "lstm, forget bias 1")


def by_size(name="gru", start=100.0):
    return pd.DataFrame(
        {"name": name, "x": [100, 400, 1600], "mean": [start, 80, 60], "low": [start - 9, 70, 50], "high": 120.0}
    )


def effect_rows():
    return pd.DataFrame(
        [
            {"label": "parity", "mean": 0.2, "low": 0.1, "high": 0.3, "verdict": "supported"},
            {"label": "adding <b>", "mean": -0.2, "low": -0.3, "high": math.inf, "verdict": "refuted"},
            {"label": "unknown", "mean": math.nan, "low": math.nan, "high": math.nan, "absent": "its margin is 0"},
        ]
    )


def every_figure():
    sizes = pd.concat([by_size(name) for name in NAMES])
    training = pd.DataFrame({"x": np.arange(1, 20), "mean": 0.1, "low": 0.0, "high": 0.2})
    training = training.assign(band_low=-0.1, band_high=0.3)
    margins = [("a", 0, 0.01, "better", 0.02), ("a", 0.01, math.inf, "cannot tell", 0.02)]
    general = {"mean": 0.0, "low": -0.1, "high": 0.1, "new_low": -0.4, "new_high": 0.4}
    cells = [("parity", "claim", name) for name in palette.VERDICTS]
    return {
        "map": effects.verdict_map(pd.DataFrame(cells, columns=["task", "claim", "verdict"])),
        "training": lines.difference_over_training(training, "accuracy", 0.05),
        "size": lines.curves_with_band(sizes, "training examples", "accuracy", banded=False, log_x=True),
        "tasks": effects.forest_by_task(effect_rows(), general, "accuracy", 0.05, "depends on the task"),
        "margin": effects.verdict_by_margin(
            pd.DataFrame(margins, columns=["label", "low", "high", "verdict", "declared"]), "accuracy"
        ),
        "rate": lines.rate_response(sizes.assign(x=sizes["x"] * 1e-5), "accuracy", {"gru": 0.004}),
        "pairs": lines.pairs(pd.DataFrame({"first": [0.1, 0.2, math.nan], "second": [0.3, 0.1, 0.2]}), "a", "b"),
    }


def test_each_figure_goes_into_a_page_as_text_in_the_pages_colours(tmp_path):
    for name, figure in every_figure().items():
        element = svg.inline(svg.save(figure, tmp_path / f"{name}.png"), name, "what it shows <&>")
        root = ElementTree.fromstring(element)
        assert root.get("aria-label") == "what it shows <&>"
        assert len(element) < 30_000
        assert not any(light in element for light, _ in palette.ROLES.values()), name
        assert not any("style" in part.attrib for part in root.iter())
        assert list(root.iter("text"))
        ids = [part.get("id") for part in root.iter() if "id" in part.attrib]
        assert all(own.startswith(f"{name}-") for own in ids)
        assert len(ids) == len(set(ids))
        assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_an_effect_beyond_the_axis_and_one_that_is_not_known_are_said():
    figure = effects.intervals(effect_rows(), "accuracy", 0.05, furthest=0.15)
    (axes,) = figure.axes
    assert axes.get_xlim() == pytest.approx((-0.15, 0.15))
    assert {line.get_marker() for line in axes.lines} >= {"<", ">"}
    assert "its margin is 0" in {text.get_text() for text in axes.texts}


def test_a_mean_curve_keeps_the_last_value_of_a_run_that_stopped():
    curves = [pd.DataFrame({"update": [1, 2, 3][:n], "validation_metric": [1.0, 2.0, 3.0][:n]}) for n in (2, 3)]
    found = lines.mean_curve(curves)
    assert found["mean"].tolist() == pytest.approx([1, 2, 2.5])
    assert found["low"].tolist() == pytest.approx([1, 2, 2])


def test_verdicts_differ_by_more_than_colour():
    looks = list(palette.VERDICTS.values())
    for part in (1, 2, 3):
        assert len({look[part] for look in looks}) == len(looks)
