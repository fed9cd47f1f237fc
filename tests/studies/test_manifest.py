"""The manifest: read as it was written, and refused where it is torn, foreign or of the earlier protocol."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from synthetic_study import Planned, write_study

from rnncompare.base.errors import DataError, SettingError, StorageError
from rnncompare.claims import claim
from rnncompare.claims.claim import EXPERIMENTS
from rnncompare.report.pages.earlier import read_earlier_study
from rnncompare.studies import verdict_table
from rnncompare.studies.manifest import is_earlier, read_manifest
from rnncompare.studies.protocol import TASKS, load_task, parse_task
from rnncompare.studies.verdicts import read_study

EARLIER = Path(__file__).parents[2] / "results" / "published" / "study"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    plans = (Planned("sure", (10.0,), seeds=6), Planned("general", (8.0, 9.0, 7.0, 8.5), seeds=6))
    return folder, write_study(folder, plans, probes=False)


def test_a_manifest_is_read_as_it_was_written(written, tmp_path):
    folder, manifest = written
    assert read_manifest(folder) == manifest
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-20], "not the manifest"),
        (lambda text: "[]", "not the manifest"),
        (lambda text: text.replace('"schema_version": 2', '"schema_version": 9'), "schema version"),
        (lambda text: text.replace('"schema_version": 2', '"schema_version": 1'), "earlier protocol"),
        (lambda text: text.replace("0.00316,\n", "0.1,\n", 1), "unequal grids"),
    ],
    ids=["torn", "foreign", "schema", "earlier", "unequal grids"],
)
def test_a_manifest_that_cannot_be_read_is_named(change, said, written, tmp_path):
    (tmp_path / "study.json").write_text(change((written[0] / "study.json").read_text()))
    with pytest.raises(DataError, match=said):
        read_study(tmp_path)


def test_the_table_shows_tasks_the_sample_of_them_and_what_was_not_attempted(written):
    shown = verdict_table.text(read_study(written[0]))
    for words in ("supported *", "General 3", "as a sample of tasks", "on a new task", "not attempted"):
        assert words in shown, words
    assert "nan" not in shown


def test_the_study_of_the_earlier_protocol_is_read_with_its_verdicts_as_they_stood():
    if not is_earlier(EARLIER):
        pytest.skip("the published study is of the present protocol")
    study = read_earlier_study(EARLIER)
    verdicts = study.verdicts.set_index(["claim", "measure"])["verdict"]
    assert verdicts["better_on_little_data", "quality"] == "supported"
    assert set(study.runs["run_id"]) == set(study.files.records["run_id"])
    assert {claim["name"] for claim in study.claims} >= {"no_clear_winner", "lstm_counts"}
    with pytest.raises(DataError, match="earlier protocol"):
        read_study(EARLIER)


def test_a_task_without_a_reference_is_refused():
    content = {"title": "T", "kind": "loss", "metric": "accuracy", "margin": 2, "real": True, "fixed_test": False}
    with pytest.raises(SettingError, match="reference"):
        parse_task("t", content)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rates": [0.1, "abc"]}, "adding.yaml: rates=.*: learning rates above 0, rising"),
        ({"rates": [0.1, 0.01]}, "adding.yaml: rates=.*: learning rates above 0, rising"),
        ({"margin": "0,0005"}, "adding.yaml: margin=0,0005: a number above 0"),
        ({"usual": 700}, "adding.yaml: usual=700: one of its values"),
        ({"target": "soon"}, "adding.yaml: target=soon: null, or a number"),
        ({"metric": "accuracy", "reference": 96}, "reference=96: a registered score, accuracy as a share, from 0 to 1"),
        ({"margins": 2}, "adding.yaml: margins=2: no such setting; there are title, "),
    ],
)
def test_a_mistake_in_a_task_is_named_before_anything_is_trained(change, says):
    content = yaml.safe_load((TASKS / "adding.yaml").read_text("utf-8"))
    parse_task("adding", content)
    with pytest.raises(SettingError, match=says):
        parse_task("adding", content | change)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"said_by": ["nobody"]}, "said_by=nobody: of textbook, .*; others go into experiments/sources.yaml"),
        ({"compare": [["gru", "gru"]]}, "compare=.*: two of gru, lstm"),
        ({"rulle": "beats"}, "rulle=beats: no such setting; there are statement, said_by"),
    ],
)
def test_a_mistake_in_a_claim_is_named(change, says, tmp_path, monkeypatch):
    shutil.copytree(EXPERIMENTS, tmp_path / "experiments")
    file = tmp_path / "experiments" / "large_networks" / "claim.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text("utf-8")) | change))
    monkeypatch.setattr(claim, "EXPERIMENTS", tmp_path / "experiments")
    with pytest.raises(SettingError, match=says):
        claim.load("large_networks")


def test_a_manifest_that_cannot_be_written_is_a_matter_of_the_machine(written, tmp_path):
    with pytest.raises(StorageError, match=r"study\.json: .*; what was recorded before is kept"):
        written[1].write(tmp_path / "absent")


def test_there_are_sixteen_tasks_half_of_them_real_and_general_claims_have_eight():
    from rnncompare.claims import load, names

    used = {name for claim in map(load, names()) for name in claim.tasks}
    tasks = {name: load_task(name) for name in used}
    assert len(tasks) >= 16
    assert sum(task.scale.real for task in tasks.values()) >= 8
    for one in map(load, names()):
        if one.general and one.tasks:
            real = sum(tasks[name].scale.real for name in one.tasks)
            assert len(one.tasks) >= 8, one.name
            assert 2 * real >= len(one.tasks), one.name


def test_every_source_that_a_claim_names_is_described_once():
    from rnncompare.claims import load, names

    sources = yaml.safe_load((EXPERIMENTS / "sources.yaml").read_text(encoding="utf-8"))
    named = {key for claim in map(load, names()) for key in claim.said_by}
    assert named == set(sources)
    assert all(source["title"] for source in sources.values())


def test_manifests_are_plain_json(written):
    content = json.loads((written[0] / "study.json").read_text())
    assert content["schema_version"] == 2
    assert content["entries"][0]["runs"]["0.00316"]["0"]
