"""A study of the earlier protocol has a page: its verdicts as they stood, and every run behind them."""

import json
from pathlib import Path

import pandas as pd
import pytest
from parsed import Parsed

from rnncompare.records.parquet_store import read_frame, write_frame
from rnncompare.report.__main__ import main
from rnncompare.report.figures import palette
from rnncompare.report.pages.earlier import PROTOCOL

PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "study"
KEPT = ("better_on_little_data", "lstm_counts", "fewer_parameters")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Three claims of the published study, with their runs."""
    folder = tmp_path_factory.mktemp("earlier") / "study"
    folder.mkdir()
    content = json.loads((PUBLISHED / "study.json").read_text(encoding="utf-8"))
    content["claims"] = [claim for claim in content["claims"] if claim["name"] in KEPT]
    content["arms"] = {name: arms for name, arms in content["arms"].items() if name in KEPT}
    (folder / "study.json").write_text(json.dumps(content), encoding="utf-8")
    verdicts = pd.read_csv(PUBLISHED / "verdicts.csv")
    verdicts[verdicts["claim"].isin(KEPT)].to_csv(folder / "verdicts.csv", index=False)
    positions = {position for arms in content["arms"].values() for places in arms.values() for position in places}
    entries = [content["entries"][position] for position in positions]
    named = {run for entry in entries for run in [*entry["tuning"], *entry["evaluation"].values()]}
    for name in ("records", "curves", "probes"):
        table = read_frame(PUBLISHED / f"{name}.parquet")
        write_frame(folder / f"{name}.parquet", table[table["run_id"].isin(named)] if "run_id" in table else table)
    return folder, named


@pytest.fixture(scope="module")
def parsed(few):
    folder, _ = few
    assert main([str(folder), "--output", str(folder.parent / "report")]) == 0
    return Parsed((folder.parent / "report" / "report.html").read_text(encoding="utf-8"))


def test_its_verdicts_stand_as_they_stood(few, parsed):
    verdicts = pd.read_csv(few[0] / "verdicts.csv")
    (table,) = (table for table in parsed.all("table") if table.attributes.get("class") == "verdicts")
    rows = [row.text for row in parsed.all("tr") if table in row.parents][1:]
    assert PROTOCOL in parsed.all("main")[0].text
    for row, (_, verdict) in zip(rows, verdicts.iterrows(), strict=True):
        assert palette.VERDICTS[verdict["verdict"]][3] in row
        if verdict["pairs"]:
            assert f"{verdict['effect']:+.3f}".replace("-", "−") in row


def test_every_run_is_there_and_every_number_leads_to_runs(few, parsed):
    ids = {element.attributes["id"] for element in parsed.elements if "id" in element.attributes}
    assert {f"run-{run}" for run in few[1]} <= ids
    assert {link.attributes["href"][1:] for link in parsed.all("a")} <= ids
    (claim,) = (found for found in parsed.all("details") if found.attributes.get("id") == "claim-lstm_counts")
    assert any(link.attributes["href"].startswith("#runs-") for link in parsed.all("a") if claim in link.parents)


def test_it_has_figures_of_quality_over_size_and_of_cost(parsed):
    titles = {svg.attributes["aria-label"].partition(":")[0] for svg in parsed.all("svg") if "role" in svg.attributes}
    assert {"Cost against quality", "Learning curves"} < titles
