"""The table of docs/literature.md is what its script makes of the published runs."""

import pandas as pd
import pytest

from tests.commands import ROOT, script

NUMBERS = ["None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"]


@pytest.fixture(scope="module")
def literature():
    return script("literature")


def test_the_page_has_the_table_of_the_script(literature):
    page = (ROOT / "docs" / "literature.md").read_text(encoding="utf-8")
    between = page.split("<!-- literature -->")[1].split("<!-- end -->")[0]
    assert between.strip() == literature.table()
    rows = [row for row in between.splitlines() if row.startswith("|")][2:]
    reproduced = sum(row.endswith("| yes |") for row in rows)
    assert f"{NUMBERS[reproduced]} of {NUMBERS[len(rows)].lower()} are." in page


@pytest.mark.parametrize(
    ("accepted", "largest"), [({51: 1, 52: 1, 60: 0.9, 64: 1}, 52), ({51: 0.5, 52: 1}, 50), ({51: 1, 128: 1}, 128)]
)
def test_the_largest_n_has_all_below_it_accepted(literature, accepted, largest):
    run = pd.Series({f"quality.by_length.{n}": share for n, share in reversed(accepted.items())} | {"seed": 0})
    assert literature.largest_n(run, 50) == largest
