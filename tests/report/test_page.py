"""The page of a study: what it says, that it is whole, safe, and readable by all."""

import base64
import hashlib
import itertools
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from parsed import Parsed
from synthetic_study import EVERY_VERDICT, Planned, write_study

from rnncompare.report.__main__ import main
from rnncompare.report.figures import palette
from rnncompare.studies.verdicts import read_study


@pytest.fixture(scope="module")
def parsed(page):
    return Parsed(page)


def rows_of(parsed):
    """The verdict table's rows."""
    (table,) = (found for found in parsed.all("table") if found.attributes.get("class") == "verdicts")
    return [row.text for row in parsed.all("tr") if table in row.parents][1:]


def test_the_verdict_table_has_every_finding_in_words(parsed, study):
    found = read_study(study).findings
    rows = rows_of(parsed)
    assert {finding.verdict for finding in found} == {
        plan.name.removeprefix("is_").replace("_", " ") for plan in EVERY_VERDICT[:6]
    }
    for finding, row in zip(found, rows, strict=True):
        assert finding.claim.statement in row
        assert palette.VERDICTS[finding.verdict][3] in row
        assert finding.settle in row
        if finding.decision and finding.decision.pairs > 1:
            seen = finding.decision.effect
            mean, low, high = re.search(r"([+−][\d.]+) \[([+−][\d.]+), ([+−][\d.]+)\]", row).groups()
            shown = [float(text.replace("−", "-")) for text in (mean, low, high)]
            assert shown == pytest.approx([seen.mean, seen.low, seen.high], abs=0.02 * (seen.high - seen.low))
    assert "no interval: 1 pair" in rows[6]


@pytest.fixture
def small(tmp_path):
    """A study of one claim."""
    write_study(tmp_path / "study", EVERY_VERDICT[1:2])
    return tmp_path / "study"


def test_numbers_come_from_the_records(small, tmp_path):
    folder = small
    book = json.loads((folder / "study.json").read_text())
    entry = book["entries"][0]
    gone = next(iter(entry["evaluation"].values()))
    shutil.rmtree(folder / gone)
    assert main([str(folder), "--output", str(tmp_path / "report")]) == 0
    made = Parsed((tmp_path / "report" / "report.html").read_text())
    assert [cell.text for cell in made.all("td")[3:5]] == ["7", "< 0.001 (< 0.001)"]
    table = pd.read_csv(tmp_path / "report" / "verdicts.csv").set_index("claim")
    assert table.loc["is_refuted", "pairs"] == 7
    assert "gru has 7 seeds, lstm 8: paired on the 7 in common" in table.loc["is_refuted", "notes"]


def test_each_claim_opens_to_its_evidence(parsed):
    claims = {found.attributes["id"]: found for found in parsed.all("details") if "id" in found.attributes}
    first, lost, unmeasured = (
        claims["claim-is_supported"].text,
        claims["claim-lost_a_run"].text,
        claims["claim-is_not_measured"].text,
    )
    assert "model=gru model.hidden_size=64" in first
    assert "equal width" in first
    assert "gru has to do better than lstm by more than the margin, 0.05" in first
    assert "0.001: " in first
    assert "24 pairs of runs" in first
    assert "diverged, unequally" in lost.lower()
    assert "Runs that diverged or failed (1)" in lost
    assert "the training loss is not finite" in lost
    assert "Not measured" in unmeasured
    charts = [
        svg for svg in parsed.all("svg") if claims["claim-is_supported"] in svg.parents and "role" in svg.attributes
    ]
    assert [svg.attributes["aria-label"].partition(":")[0] for svg in charts] == [
        "Effect by condition",
        "Every pair",
        "Parity for is supported",
    ]


def test_every_pair_is_drawn(parsed, study):
    drawn = sum(
        path.attributes["d"].count("M")
        for path in parsed.all("path")
        if path.attributes.get("class") == "dots"
        and any(parent.attributes.get("aria-label", "").startswith("Every pair") for parent in path.parents)
    )
    assert drawn == sum(len(finding.pairs) for finding in read_study(study).findings if finding.pairs is not None)


def run_data(parsed):
    (block,) = (script for script in parsed.all("script") if script.attributes.get("id") == "run-data")
    return json.loads(block.text)


def test_every_number_leads_to_runs_and_every_run_to_its_record(parsed, report, study):
    ids = {element.attributes["id"] for element in parsed.elements if "id" in element.attributes}
    links = [link.attributes["href"] for link in parsed.all("a")]
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= ids
    claims = [found for found in parsed.all("details") if found.attributes.get("id") == "claim-is_supported"]
    cells = [cell for cell in parsed.all("td") if claims[0] in cell.parents]
    means = [link for link in parsed.all("a") if any(cell in link.parents for cell in cells)]
    assert len(means) >= 6 + 12  # two means a condition; runs and trials of each model in each
    data = run_data(parsed)
    book = read_study(study).book
    booked = {run for entry in book.entries for run in [*entry.evaluation.values(), *entry.tuning]}
    listed = {run[0]: (group, run) for group in data["groups"] for run in group["runs"]}
    assert set(listed) == booked
    assert {f"run-{run}" for run in booked} <= ids
    for run, (_, row) in listed.items():
        assert row[3] == "."
        assert (report / unquote(data["records"]) / run / "record.json").resolve().is_relative_to(study.resolve())


def test_a_run_has_its_settings_scores_and_curve(parsed, study):
    evidence = read_study(study).evidence["is_supported"]
    run = evidence.runs.iloc[0]
    data = run_data(parsed)
    ((group, row),) = ((g, r) for g in data["groups"] for r in g["runs"] if r[0] == run["run_id"])
    assert "model=gru" in group["settings"]
    assert "accuracy, higher is better" in group["metric"]
    scores = dict(zip(data["fields"], row[4], strict=True))
    assert scores["on test data"] == pytest.approx(run["quality.test"], rel=1e-3)
    assert scores["updates"] == run["speed.updates"]
    curve = evidence.curves[evidence.curves["run_id"] == run["run_id"]]
    first, last, *values = row[5]
    assert (first, last) == (curve["update"].min(), curve["update"].max())
    assert values[0] == pytest.approx(curve["validation_metric"].iloc[0], rel=1e-3)
    assert values[-1] == pytest.approx(curve["validation_metric"].iloc[-1], rel=1e-3)


def test_nothing_is_asked_of_the_network_and_only_the_page_s_own_script_runs(page, parsed):
    assert not parsed.all("iframe", "object", "embed", "form", "base", "video", "audio")
    assert not re.search(r"https?:|@import|url\((?!#)", re.sub(r"http://www.w3.org/(2000/svg|1999/xhtml)", "", page))
    for element in parsed.elements:
        assert not any(name.startswith("on") or name == "style" for name in element.attributes)
        assert element.attributes.get("src", "data:").startswith("data:")
    (style,) = parsed.all("style")
    data, script = parsed.all("script")
    assert data.attributes["type"] == "application/json"
    (policy,) = (meta for meta in parsed.all("meta") if "http-equiv" in meta.attributes)
    for kind, element in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy.attributes["content"]
    assert "default-src 'none'" in policy.attributes["content"]


def test_headings_are_in_order_and_figures_described(parsed):
    levels = [int(heading.tag[1]) for heading in parsed.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for svg in parsed.all("svg"):
        assert svg.attributes.get("aria-hidden") == "true" or len(svg.attributes["aria-label"]) > 30
    ids = [element.attributes["id"] for element in parsed.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [0, 1])
def test_contrast_is_enough_in_light_and_dark(dark):
    for behind in palette.BACKGROUNDS.values():
        for role, colours in palette.TEXT.items():
            assert contrast(colours[dark], behind[dark]) >= 4.5, (role, behind)
    for role, colours in palette.SERIES.items():
        assert contrast(colours[dark], palette.BACKGROUNDS["page"][dark]) >= 3, role


def test_figures_are_files_too_and_small(report, parsed):
    names = {path.name for path in report.iterdir()}
    assert {
        "forest.png",
        "verdicts.csv",
        "pairs.csv",
        "summary.csv",
        "gradient-is_supported-trained.png",
        "claim-is_supported-quality-gru-lstm-pairs.png",
    } <= names
    assert all(f"{Path(name).stem}.svg" in names for name in names if name.endswith(".png"))
    assert all(path.stat().st_size < 30_000 for path in report.glob("*.svg"))
    assert "Supported" in (report / "forest.svg").read_text()
    assert sum("role" in svg.attributes for svg in parsed.all("svg")) == len(list(report.glob("*.svg")))
    pairs = pd.read_csv(report / "pairs.csv")
    assert (pairs["first"] - pairs["second"]).tolist() == pytest.approx(pairs["difference"].tolist())


HOSTILE = "<script>alert(1)</script>\x1b[31m'\"&amp;javascript:x\x00\u202e{{ 7*7 }}" + "x" * 5000


def test_names_from_files_are_only_ever_text(tmp_path):
    folder = tmp_path / "study"
    plan = Planned("hostile", statement=HOSTILE, seeds=2, arms=(HOSTILE[:60] + "a", "b<i>"), status="failed")
    book = write_study(folder, [plan], probes=False)
    book.command = HOSTILE
    book.tasks["task_hostile"]["title"] = HOSTILE
    book.left_out = {HOSTILE: HOSTILE}
    book.write(folder)
    assert main([str(folder), "--output", str(tmp_path / "report")]) == 0
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    parsed = Parsed(text)
    assert len(parsed.all("script")) == 2
    assert not parsed.all("i")
    assert any(group["settings"] for group in run_data(parsed)["groups"])
    assert not set("\x1b\x00\u202e") & set(text)
    assert "{{ 7*7 }}" in parsed.all("pre")[0].text
    for path in (tmp_path / "report").glob("*.svg"):
        assert "<script" not in path.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"study", "report"}


def test_a_record_outside_the_folder_is_not_linked(tmp_path):
    from rnncompare.report.pages.run_details import record_address

    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "in.json").write_text("{}")
    (tmp_path / "out.json").write_text("{}")
    (tmp_path / "study" / "through.json").symlink_to(tmp_path / "out.json")
    addresses = {
        name: record_address(str(tmp_path / "study" / name), tmp_path / "study")
        for name in ("in.json", "through.json", "../out.json", "absent.json", "a\x00b")
    }
    assert addresses.pop("in.json") == "in.json"
    assert set(addresses.values()) == {""}


def test_a_torn_book_is_one_line_and_nothing_is_written(small, tmp_path, capsys):
    folder = small
    book = folder / "study.json"
    book.write_text(book.read_text()[:500])
    assert main([str(folder), "--output", str(tmp_path / "report")]) == 2
    said = capsys.readouterr()
    assert "study.json: not the book of a study" in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "report").exists()


def test_a_corrupt_record_is_named_and_skipped(small, tmp_path, capsys):
    folder = small
    torn, other = sorted(folder.glob("*/record.json"))[:2]
    torn.write_text("{")
    other.write_text(other.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    assert main([str(folder), "--output", str(tmp_path / "report")]) == 1
    said = capsys.readouterr().err.splitlines()
    text = Parsed((tmp_path / "report" / "report.html").read_text()).all("header")[0].text
    assert len(said) == 2
    for path, line in zip((torn, other), said, strict=True):
        assert path.parent.name in line
        assert path.parent.name in text
    assert "schema version 99" in said[1]


def test_a_study_whose_records_are_gone_is_one_line(study, tmp_path, capsys):
    (tmp_path / "study").mkdir()
    shutil.copy(study / "study.json", tmp_path / "study")
    assert main([str(tmp_path / "study")]) == 2
    assert "no readable record.json" in capsys.readouterr().err
