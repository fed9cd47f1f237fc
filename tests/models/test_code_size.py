"""Lines counted for docs/easier_to_modify.md, and the counting itself."""

from pathlib import Path

import pytest

from rnncompare.models import cells
from rnncompare.models.code_size import changed_lines, code_lines, step_lines

TEXT = (Path(__file__).parents[2] / "docs" / "easier_to_modify.md").read_text()


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_table_is_as_counted(name):
    kind = cells.cell_class(name)
    added, removed = changed_lines(kind, cells.cell_class(f"{name}_extra_gate"))
    row = f"| {name.upper()} | {len(code_lines(kind))} | {len(step_lines(kind))} | {added}, {removed} |"
    assert row in TEXT


def test_initial_forget_bias_takes_the_lines_that_the_page_says():
    lines = code_lines(cells.cell_class("lstm"))
    start = lines.index("def initialise(self, w):")
    assert f"({len(lines[start:]) + lines.count('forget_bias = None')} lines)" in TEXT


def test_code_lines_are_statements_alone():
    assert code_lines(cells.cell_class("rnn")) == [
        "gates = ('candidate',)",
        "nonlinearity = 'tanh'",
        "def step(self, x, state, w):",
        "    h, = state",
        "    activation = torch.tanh if self.nonlinearity == 'tanh' else torch.relu",
        "    return (activation(x + w.recurrent(h)),)",
    ]


def test_inherited_lines_count_and_overridden_ones_do_not():
    lstm, coupled = cells.cell_class("lstm"), cells.cell_class("lstm_coupled")
    assert "forget_bias = None" in code_lines(coupled)
    assert sum(line.startswith("gates = ") for line in code_lines(coupled)) == 1
    assert changed_lines(lstm, lstm) == (0, 0)
    assert changed_lines(lstm, cells.cell_class("lstm_no_output_activation")) == (1, 1)


class OwnCell(cells.cell_class("rnn")):
    """Written without annotations."""

    gates = ("candidate",)

    def step(self, x, state, w):
        """Nothing to see."""
        return (x,)  # a comment


def test_annotations_make_no_difference():
    assert code_lines(OwnCell) == [
        "gates = ('candidate',)",
        "nonlinearity = 'tanh'",
        "def step(self, x, state, w):",
        "    return (x,)",
    ]
