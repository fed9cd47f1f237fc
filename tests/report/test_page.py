"""The page of a study: what it says, that it is whole, safe, and readable by all."""

import base64
import dataclasses
import gzip
import hashlib
import itertools
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest
from parsed import Parsed
from synthetic_study import BEST, EVERY_VERDICT, RATES, Planned, write_study

from rnncompare.report import pages
from rnncompare.report.__main__ import main
from rnncompare.report.figures import palette
from rnncompare.report.pages import phrases
from rnncompare.report.pages.run_lists import at_best_rate
from rnncompare.studies.manifest import read_manifest


def rows_of(parsed, kind):
    """The rows of a table, by its class."""
    (table,) = (found for found in parsed.all("table") if found.attributes.get("class") == kind)
    return [row for row in parsed.all("tr") if table in row.parents][1:]


def cells_of(parsed, row):
    return [cell for cell in parsed.all("td") if cell.parents[-1] is row]


def test_the_verdict_table_has_every_finding_in_words(parsed, judged):
    rows = rows_of(parsed, "verdicts")
    assert {"supported", "refuted", "equivalent", "inconclusive", "depends on the task", "unconverged"} < {
        finding.verdict for finding in judged.findings
    }
    for finding, row in zip(judged.findings, rows, strict=True):
        assert finding.claim.statement in row.text
        assert palette.VERDICTS[finding.verdict][3] in row.text
        assert finding.settle in row.text
        if finding.effect is not None and finding.effect.high > finding.effect.low:
            seen = finding.effect
            mean, low, high = re.search(r"([+−][\d.]+) \[([+−][\d.]+), ([+−][\d.]+)\]", row.text).groups()
            shown = [float(text.replace("−", "-")) for text in (mean, low, high)]
            assert shown == pytest.approx([seen.mean, seen.low, seen.high], abs=0.02 * (seen.high - seen.low))


def test_what_holds_is_bold_and_what_is_suggestive_says_so(judged, study, tmp_path):
    findings = [dataclasses.replace(judged.findings[0], strength=strength) for strength in ("holds", "suggestive", "")]
    for finding, bold, said in zip(findings, (True, False, False), (False, True, False), strict=True):
        few = dataclasses.replace(judged.manifest, claims=judged.manifest.claims[:1])
        one = dataclasses.replace(judged, manifest=few, findings=[dataclasses.replace(finding, tasks=())])
        pages.write_study(one, pages.all_runs(judged).iloc[:0], study, tmp_path)
        made = Parsed((tmp_path / "report.html").read_text(encoding="utf-8"))
        (row,) = rows_of(made, "verdicts")
        assert (
            any("holds" in span.attributes.get("class", "") for span in made.all("span") if row in span.parents) == bold
        )
        assert ("suggestive" in row.text) == said


def test_the_map_leads_from_each_verdict_of_a_task_to_its_numbers(parsed, judged):
    targets = {element.attributes["id"]: element for element in parsed.elements if "id" in element.attributes}
    rows = rows_of(parsed, "map")
    assert len(rows) == len(judged.findings)
    for finding, row in zip(judged.findings, rows, strict=True):
        links = [link for link in parsed.all("a") if row in link.parents and link.parents[-1].tag == "td"]
        for task, link in zip(finding.tasks, links, strict=True):
            said = phrases.on_claim(task)
            assert link.text == palette.VERDICTS[said][2]
            assert link.attributes["class"] == palette.VERDICTS[said][0]
            assert task.title in targets[link.attributes["href"][1:]].text
    assert {phrases.on_claim(task) for finding in judged.findings for task in finding.tasks} >= {
        "unconverged",
        "uninformative",
        "not measured",
        "supported",
        "refuted",
        "equivalent",
        "inconclusive",
    }


@pytest.fixture
def small(tmp_path):
    """A study of one claim."""
    write_study(tmp_path / "study", EVERY_VERDICT[1:2])
    return tmp_path / "study"


def test_numbers_come_from_the_records(small, tmp_path):
    manifest = read_manifest(small)
    for rate in manifest.entries[0].rates:
        shutil.rmtree(small / manifest.entries[0].runs[rate][9])
    assert main([str(small), "--output", str(tmp_path / "report")]) == 0
    table = pd.read_csv(tmp_path / "report" / "verdicts.csv").set_index("claim")
    made = Parsed((tmp_path / "report" / "report.html").read_text())
    (row,) = rows_of(made, "verdicts")
    assert table.loc["is_refuted", "pairs"] == 9
    assert cells_of(made, row)[4].text == "9"
    assert len(pd.read_csv(tmp_path / "report" / "pairs.csv")) == 9
    assert pd.read_csv(tmp_path / "report" / "tasks.csv")["pairs"].tolist() == [9]


def claims_of(parsed):
    return {found.attributes["id"]: found for found in parsed.all("details") if "id" in found.attributes}


def charts_in(parsed, element):
    """The titles of the figures within an element."""
    charts = [svg for svg in parsed.all("svg") if element in svg.parents and "role" in svg.attributes]
    return [svg.attributes["aria-label"].partition(":")[0] for svg in charts]


def test_each_claim_opens_to_its_evidence(parsed):
    claims = claims_of(parsed)
    first, lost, unmeasured = (
        claims[f"claim-{name}"].text for name in ("is_supported", "lost_a_run", "is_not_measured")
    )
    assert "model=gru model.hidden_size=64" in first
    assert "equal width" in first
    assert "gru has to do better than lstm by more than the margin, 2 points of accuracy" in first
    assert "The two halves of the seeds agree" in first
    assert "0.00316 (100%)" in first
    assert "Runs that diverged or failed (1)" in lost
    assert "the training loss is not finite" in lost
    assert "Not measured" in unmeasured
    assert "50% and 0% of the runs at the chosen rates" in claims["claim-is_unconverged"].text
    assert "this task does not count" in claims["claim-is_unconverged"].text
    shown = charts_in(parsed, claims["claim-is_supported"])
    for title in ("Effect by task", "Verdict at other margins", "Response to the learning rate", "Every pair"):
        assert title in shown
    assert {"Difference over updates", "Difference over FLOPs", "Scores over training examples"} < set(shown)


def test_a_claim_in_general_shows_the_tasks_as_a_sample(parsed, judged):
    (finding,) = (finding for finding in judged.findings if finding.claim.name == "is_general")
    shown = claims_of(parsed)["claim-is_general"]
    general = finding.general
    assert phrases.interval(general.effect) in shown.text
    assert f"{phrases.signed(general.new_task.low)} to {phrases.signed(general.new_task.high)}" in shown.text
    assert "Effect by task and in general" in charts_in(parsed, shown)
    (table,) = (table for table in parsed.all("table") if shown in table.parents and "Effect in general" in table.text)
    assert all(title in table.text for title in (task.title for task in finding.tasks))


def test_a_figure_says_where_the_claim_lies_by_its_rule(judged):
    by_name = {finding.claim.name: finding for finding in judged.findings}
    beats, equivalent = phrases.band(by_name["is_supported"]), phrases.band(by_name["is_equivalent"])
    within, right = beats.split(";")
    assert "as is claimed" in right
    assert "as is claimed" not in within
    within, right = equivalent.split(";")
    assert "as is claimed" in within
    assert "as is claimed" not in right


def unpacked(parsed, name):
    (block,) = (script for script in parsed.all("script") if script.attributes.get("id") == name)
    return json.loads(gzip.decompress(base64.b64decode(block.text)))


def folded_figures(parsed):
    return unpacked(parsed, "figures")


def test_every_pair_is_drawn(parsed, judged):
    roots = [ElementTree.fromstring(figure) for figure in folded_figures(parsed).values()]
    drawn = sum(
        path.get("d").count("M")
        for root in roots
        if root.get("aria-label").startswith("Every pair")
        for path in root.iter("path")
        if path.get("class") == "dots"
    )
    pairs = [task.pairs for finding in judged.findings for task in finding.tasks if task.pairs is not None]
    assert drawn == sum(map(len, pairs))


def run_data(parsed):
    return unpacked(parsed, "run-data")


def test_every_number_leads_to_runs_and_every_run_to_its_record(parsed, report, judged, study):
    ids = {element.attributes["id"] for element in parsed.elements if "id" in element.attributes}
    links = [link.attributes["href"] for link in parsed.all("a")]
    assert all(link.startswith("#") for link in links)
    assert {link[1:] for link in links} <= ids
    claim = claims_of(parsed)["claim-is_supported"]
    means = [link for link in parsed.all("a") if claim in link.parents and link.attributes["href"].startswith("#runs-")]
    assert len(means) >= 2 + 6 + 6  # of the task, of each model in each condition, and how many runs these have
    data = run_data(parsed)
    listed = {run[0]: run for group in data["groups"] for run in group["runs"]}
    assert set(listed) == judged.manifest.run_ids
    assert {f"run-{run}" for run in listed} <= ids
    for run, row in listed.items():
        assert row[3] == "."
        assert (report / unquote(data["records"]) / run / "record.json").resolve().is_relative_to(study.resolve())


def test_a_run_has_its_settings_scores_and_curve(parsed, judged):
    evidence = judged.evidence["is_supported"]
    run = evidence.runs.iloc[0]
    data = run_data(parsed)
    ((group, row),) = ((g, r) for g in data["groups"] for r in g["runs"] if r[0] == run["run_id"])
    assert "model=gru" in group["settings"]
    assert "accuracy, higher is better" in group["metric"]
    scores = dict(zip(data["fields"], row[4], strict=True))
    assert scores["learning rate"] == run["rate"]
    assert scores["on test data"] == pytest.approx(run["quality.test"], rel=1e-3)
    assert scores["updates"] == run["speed.updates"]
    curve = evidence.curves[evidence.curves["run_id"] == run["run_id"]]
    first, last, *values = row[5]
    assert (first, last) == (curve["update"].min(), curve["update"].max())
    assert values[0] == pytest.approx(curve["validation_metric"].iloc[0], rel=1e-3)
    assert values[-1] == pytest.approx(curve["validation_metric"].iloc[-1], rel=1e-3)


def test_tasks_are_shown_at_the_rate_that_validation_chooses(judged):
    runs = pages.all_runs(judged)
    best = at_best_rate(runs, judged.manifest.scales)
    told_apart = best[~best["task"].str.contains("uninformative|not_measured|one_seed|lost")]
    assert set(told_apart["rate"]) == {RATES[BEST]}
    assert len(told_apart.groupby(["variant", "task", "value"])) == len(
        runs[runs["task"].isin(told_apart["task"])].groupby(["variant", "task", "value"])
    )


def test_nothing_is_asked_of_the_network_and_only_the_page_s_own_script_runs(page, parsed):
    assert not parsed.all("iframe", "object", "embed", "form", "base", "video", "audio")
    assert not re.search(r"https?:|@import|url\((?!#)", re.sub(r"http://www.w3.org/(2000/svg|1999/xhtml)", "", page))
    for element in parsed.elements:
        assert not any(name.startswith("on") or name == "style" for name in element.attributes)
        assert element.attributes.get("src", "data:").startswith("data:")
    (style,) = parsed.all("style")
    data, figures, script = parsed.all("script")
    assert data.attributes["type"] == "application/octet-stream"
    assert figures.attributes["type"] == "application/octet-stream"
    (policy,) = (meta for meta in parsed.all("meta") if "http-equiv" in meta.attributes)
    for kind, element in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy.attributes["content"]
    assert "default-src 'none'" in policy.attributes["content"]


def test_figures_of_folded_parts_are_whole_once_unpacked(parsed):
    figures = folded_figures(parsed)
    places = {svg.attributes["data-figure"]: svg for svg in parsed.all("svg") if "data-figure" in svg.attributes}
    assert set(places) == set(figures)
    for name, place in places.items():
        root = ElementTree.fromstring(figures[name])
        assert root.get("aria-label") == place.attributes["aria-label"]
        assert len(list(root.iter("path"))) > 2


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


def test_figures_of_claims_and_tasks_are_files_too_and_small(report):
    names = {path.name for path in report.iterdir()}
    assert {
        "map.png",
        "forest.png",
        "verdicts.csv",
        "tasks.csv",
        "pairs.csv",
        "gradient-is_supported-trained.png",
        "claim-is_general-0-tasks.png",
        "size-task_is_supported_0.png",
    } <= names
    assert all(f"{Path(name).stem}.svg" in names for name in names if name.endswith(".png"))
    assert all(path.stat().st_size < 35_000 for path in report.glob("*.svg"))
    assert "Supported" in (report / "forest.svg").read_text()
    pairs = pd.read_csv(report / "pairs.csv")
    assert (pairs["first"] - pairs["second"]).tolist() == pytest.approx(pairs["difference"].tolist())


HOSTILE = "<script>alert(1)</script>\x1b[31m'\"&amp;javascript:x\x00\u202e{{ 7*7 }}" + "x" * 5000


def test_names_from_files_are_only_ever_text(tmp_path):
    folder = tmp_path / "study"
    plan = Planned("hostile", statement=HOSTILE, seeds=2, arms=(HOSTILE[:60] + "a", "b<i>"), status="failed")
    manifest = write_study(folder, [plan], probes=False)
    manifest.command = HOSTILE
    manifest.tasks["task_hostile_0"]["scale"]["title"] = HOSTILE
    manifest.left_out = {HOSTILE: HOSTILE}
    manifest.write(folder)
    assert main([str(folder), "--output", str(tmp_path / "report")]) == 0
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    parsed = Parsed(text)
    assert [script.attributes.get("id") for script in parsed.all("script")] == ["run-data", "figures", None]
    for figure in folded_figures(parsed).values():
        assert not {"script", "i", "b"} & {element.tag for element in ElementTree.fromstring(figure).iter()}
    assert not parsed.all("i")
    assert any(group["settings"] for group in run_data(parsed)["groups"])
    assert not set("\x1b\x00\u202e") & set(text)
    assert "{{ 7*7 }}" in parsed.all("pre")[0].text
    for path in (tmp_path / "report").glob("*.svg"):
        assert "<script" not in path.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"study", "report"}


def test_a_record_outside_the_folder_is_not_linked(tmp_path):
    from rnncompare.report.pages.run_lists import record_address

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


def test_a_torn_manifest_is_one_line_and_nothing_is_written(small, tmp_path, capsys):
    manifest = small / "study.json"
    manifest.write_text(manifest.read_text()[:500])
    assert main([str(small), "--output", str(tmp_path / "report")]) == 2
    said = capsys.readouterr()
    assert "study.json: not the manifest of a study" in said.err
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
