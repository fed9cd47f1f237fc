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
from rnncompare.report.pages import theme
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
    assert {finding.verdict for finding in found} == set(theme.VERDICTS) - {"reported"}
    for finding, row in zip(found, rows, strict=True):
        assert finding.claim.statement in row
        assert theme.VERDICTS[finding.verdict][2] in row
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
    first, lost, unmeasured = claims["claim-0"].text, claims["claim-7"].text, claims["claim-5"].text
    assert "model=gru model.hidden_size=64" in first
    assert "equal width" in first
    assert "gru has to do better than lstm by more than the margin, 0.05" in first
    assert "0.001: " in first
    assert "24 pairs of runs" in first
    assert "diverged, unequally" in lost.lower()
    assert "Runs that diverged or failed (1)" in lost
    assert "the training loss is not finite" in lost
    assert "Not measured" in unmeasured
    charts = [svg for svg in parsed.all("svg") if claims["claim-0"] in svg.parents and "role" in svg.attributes]
    assert [svg.attributes["aria-label"].partition(":")[0] for svg in charts] == [
        "Effect by condition",
        "Every pair",
        "Parity for is supported",
    ]


def test_every_pair_is_drawn(parsed, study):
    drawn = sum(
        path.attributes["d"].count("M")
        for path in parsed.all("path")
        if path.attributes["class"].startswith("d ")
        and any(parent.attributes.get("aria-label", "").startswith("Every pair") for parent in path.parents)
    )
    assert drawn == sum(len(finding.pairs) for finding in read_study(study).findings if finding.pairs is not None)


def test_links_are_relative_and_lead_to_records(parsed, report, study):
    links = [link.attributes["href"] for link in parsed.all("a")]
    ids = {element.attributes["id"] for element in parsed.elements if "id" in element.attributes}
    outside = [link for link in links if not link.startswith("#")]
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert len(outside) > 100
    for link in outside:
        target = (report / unquote(link)).resolve()
        assert target.name == "record.json"
        assert target.is_relative_to(study.resolve())
        assert target.is_file()


def test_nothing_is_asked_of_the_network_and_no_script_is_there(page, parsed):
    assert not parsed.all("script", "iframe", "object", "embed", "form", "base", "video", "audio")
    assert not re.search(r"https?:|@import|url\(", re.sub(r"http://www.w3.org/2000/svg", "", page))
    for element in parsed.elements:
        assert not any(name.startswith("on") or name == "style" for name in element.attributes)
        assert element.attributes.get("src", "data:").startswith("data:")
    (style,) = parsed.all("style")
    (policy,) = (meta for meta in parsed.all("meta") if "http-equiv" in meta.attributes)
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy.attributes["content"]
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
    for behind in theme.BACKGROUNDS.values():
        for role, colours in theme.TEXT.items():
            assert contrast(colours[dark], behind[dark]) >= 4.5, (role, behind)
    for role, colours in theme.SERIES.items():
        assert contrast(colours[dark], theme.BACKGROUNDS["page"][dark]) >= 3, role


def test_verdicts_differ_by_more_than_colour():
    looks = list(theme.VERDICTS.values())
    assert len({shape for _, shape, _ in looks}) == len({words for _, _, words in looks}) == len(looks)


def test_figures_are_files_too(report):
    names = {path.name for path in report.iterdir()}
    assert {
        "forest.png",
        "forest.svg",
        "verdicts.csv",
        "pairs.csv",
        "summary.csv",
        "gradient-is_supported.png",
    } <= names
    assert all(f"{Path(name).stem}.svg" in names for name in names if name.endswith(".png"))
    assert "Supported" in (report / "forest.svg").read_text()
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
    assert not parsed.all("script", "i")
    assert not set("\x1b\x00\u202e") & set(text)
    assert "{{ 7*7 }}" in parsed.all("pre")[0].text
    for path in (tmp_path / "report").glob("*.svg"):
        assert "<script" not in path.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"study", "report"}


def test_a_record_outside_the_folder_is_not_linked(tmp_path):
    from rnncompare.report.pages.links import Links

    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "in.json").write_text("{}")
    (tmp_path / "out.json").write_text("{}")
    (tmp_path / "study" / "through.json").symlink_to(tmp_path / "out.json")
    links = Links(tmp_path / "study", tmp_path / "re port")
    addresses = {
        name: links.run({"path": str(tmp_path / "study" / name), "seed": 1, "run_id": "r"}).href
        for name in ("in.json", "through.json", "../out.json", "absent.json", "a\x00b")
    }
    assert addresses.pop("in.json") == "../study/in.json"
    assert set(addresses.values()) == {None}


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
