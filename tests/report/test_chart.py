"""Charts: nothing that a reader needs is cut, and one name looks the same in all of them."""

import math
from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st
from rnncompare.report.pages.axes import Axis
from rnncompare.report.pages.chart import Bar, Line, curves, intervals
from rnncompare.report.pages.marks import Dots, Label, Marker, Stroke
from rnncompare.report.pages.theme import looks

NAMES = st.lists(st.sampled_from(["gru", "lstm", "rnn", "gru, hidden size 64", "lstm_coupled", "mgu", "x", "y"]))


def texts(chart):
    return [mark.text for mark in chart.marks if isinstance(mark, Label)]


def bar(label, note="Supported", mean=0.5):
    return Bar(label, mean, mean - 0.1, mean + 0.1, "good", "circle", note)


def test_a_label_that_does_not_fit_beside_its_note_goes_on_in_a_second_line():
    label = "gates stop vanishing (gradient untrained): lstm forget bias 1 against rnn"
    chart = intervals("t", "d", [bar("short"), bar(label), bar("after")], 1.0, "margins")
    shown = texts(chart)
    assert label not in shown
    first = shown.index("short")
    assert " ".join(text for text in shown if text in label and len(text) > 9) == label
    assert all(len(text) <= 62 - len("Supported") for text in shown[first:])
    assert chart.height == intervals("t", "d", [bar("short")] * 3, 1.0, "margins").height + 12
    labels = [mark for mark in chart.marks if isinstance(mark, Label) and mark.x == 4]
    assert all(later.y - earlier.y >= 12 for earlier, later in pairwise(labels))


def test_what_is_not_known_says_why():
    unknown = Bar("a", math.nan, math.nan, math.nan, "good", "circle", absent="its margin is 0")
    assert "its margin is 0" in texts(intervals("t", "d", [unknown], 1.0, "margins"))


def test_the_name_of_an_upright_axis_is_whole_and_clear_of_its_numbers():
    name = "validation negative log-likelihood (nats per frame) (lower is better)"
    chart = curves("t", "d", [Line("gru", "gru", "circle", [1, 2, 3], [1e-4, 1e-2, 1])], "updates", name)
    (named,) = [mark for mark in chart.marks if isinstance(mark, Label) and mark.text == name]
    numbers = [mark for mark in chart.marks if isinstance(mark, Label) and mark.anchor == "end"]
    assert "1e-4" in {mark.text for mark in numbers}
    assert all(mark.y - named.y >= 5 for mark in numbers)


def test_markers_lie_over_the_dots_of_all_lines_and_lines_with_bands_have_some():
    lines = [
        Line(name, name, "square", [1, 2], [1, 2], dots=[(1, 1.5), (2, 2.5)], low=[0, 1], high=[2, 3])
        for name in ("gru", "lstm")
    ]
    kinds = [type(mark) for mark in curves("t", "d", lines, "x", "y").marks]
    assert max(i for i, kind in enumerate(kinds) if kind is Dots) < kinds.index(Marker)
    many = [float(x) for x in range(50)]
    banded = Line("gru", "gru", "square", many, many, many, many, banded=True)
    markers = [mark for mark in curves("t", "d", [banded], "x", "y").marks if isinstance(mark, Marker)]
    assert 3 <= len(markers) <= 8
    bands = [
        mark for mark in curves("t", "d", [banded] * 6, "x", "y").marks if isinstance(mark, Stroke) and mark.filled
    ]
    assert sum(band.opacity for band in bands) <= 0.51


@given(st.floats(1e-9, 1e9), st.floats(1.01, 1e4), st.booleans())
def test_an_axis_has_several_numbers_within_it_in_rising_order(low, ratio, log):
    axis = Axis(low, low * ratio, 0.0, 100.0, log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 7
    assert ticks == sorted(set(ticks))
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in ticks)


@given(st.lists(NAMES, max_size=6))
def test_a_name_looks_the_same_everywhere_and_no_two_of_a_chart_are_alike(charts):
    found = looks(charts)
    assert set(found) == set(chain(*charts))
    for names in charts:
        assert len({found[name] for name in names}) == len(set(names))
        if len(set(chain(*charts))) <= 6:
            assert len({found[name][0] for name in names}) == len(set(names))


def test_a_familys_plain_name_has_its_colour():
    assert looks([["gru", "lstm", "rnn"]]) == {
        "gru": ("gru", "circle"),
        "lstm": ("lstm", "square"),
        "rnn": ("rnn", "triangle"),
    }
