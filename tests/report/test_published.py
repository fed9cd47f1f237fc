"""A study published as four files gives the same findings, and says nothing of the machine's folders."""

import shutil

import pandas as pd
import pytest
from parsed import Parsed
from synthetic_records import sweep
from synthetic_study import EVERY_VERDICT, write_study

from rnncompare import load_records
from rnncompare.base.errors import DataError
from rnncompare.records import load_curves
from rnncompare.report.__main__ import main
from rnncompare.studies.manifest import read_manifest
from rnncompare.studies.published_store import publish, without_paths
from rnncompare.studies.verdicts import read_study
from tests.commands import run


@pytest.fixture(scope="module")
def published(study):
    publish(study, study.parent / "published")
    return study.parent / "published"


def test_the_findings_are_the_same(judged, published):
    files = {path.name for path in published.iterdir()}
    assert files == {"study.json", "records.parquet", "curves.parquet", "probes.parquet"}
    before, after = judged, read_study(published)
    for one, other in zip(before.findings, after.findings, strict=True):
        assert (one.verdict, one.notes, str(one.effect)) == (other.verdict, other.notes, str(other.effect))
        for task, same in zip(one.tasks, other.tasks, strict=True):
            assert (task.pairs is None) == (same.pairs is None)
            if task.pairs is not None:
                pd.testing.assert_frame_equal(task.pairs, same.pairs)
    for name, evidence in before.evidence.items():
        assert len(evidence.curves) == len(after.evidence[name].curves)
        assert len(evidence.probes) == len(after.evidence[name].probes)


def test_its_page_has_the_same_verdicts_and_names_runs_by_their_ids(tmp_path):
    write_study(tmp_path / "study", EVERY_VERDICT[1:2], probes=False)
    publish(tmp_path / "study", tmp_path / "published")
    made = []
    for folder in ("study", "published"):
        assert main([str(tmp_path / folder), "--output", str(tmp_path / f"{folder}_report")]) == 0
        made.append(Parsed((tmp_path / f"{folder}_report" / "report.html").read_text(encoding="utf-8")))
    before, after = ([table.text for table in page.all("table")] for page in made)
    assert before == after
    assert all(link.attributes["href"].startswith("#") for link in made[1].all("a"))
    ids = {element.attributes.get("id") for element in made[1].elements}
    assert {f"run-{run}" for run in read_manifest(tmp_path / "published").run_ids} <= ids


def test_only_named_runs_are_published_and_no_folder_of_the_machine(study, published, tmp_path):
    folder = shutil.copytree(study, tmp_path / "study")
    manifest = read_manifest(folder)
    (dropped,) = (manifest.entries[0].runs[rate].pop(0) for rate in manifest.entries[0].rates[:1])
    manifest.write(folder)
    publish(folder, tmp_path / "published")
    assert dropped not in set(pd.read_parquet(tmp_path / "published" / "records.parquet")["run_id"])
    assert str(study.parent) not in (published / "study.json").read_text()
    for name in ("records", "curves", "probes"):
        table = pd.read_parquet(published / f"{name}.parquet")
        assert "path" not in table
        assert not any(table[column].map(str).str.contains(str(study.parent)).any() for column in table)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("data.path=/home/me/my.csv data=file", "data.path=my.csv data=file"),
        ("~/study/runs", "runs"),
        ("No such file: '/data/of/mine.csv'", "No such file: 'mine.csv'"),
        (r"C:\Users\me\x.csv", "x.csv"),
        ("results/study", "results/study"),
        ("https://example.org/a/b/c", "https://example.org/a/b/c"),
        ("bits/character, 3/4 of it", "bits/character, 3/4 of it"),
        ({"data.path": "/home/me/with a space.csv"}, {"data.path": "with a space.csv"}),
        ({"path": None, "x": [1.5, "/a/b/c"]}, {"path": None, "x": [1.5, "c"]}),
    ],
)
def test_absolute_paths_are_shortened_and_nothing_else(before, after):
    assert without_paths(before) == after


def test_a_torn_table_is_one_line(published, tmp_path, capsys):
    folder = shutil.copytree(published, tmp_path / "published")
    whole = (folder / "records.parquet").read_bytes()
    for content in (whole[:1000], b""):
        (folder / "records.parquet").write_bytes(content)
        assert main([str(folder), "--output", str(tmp_path / "report")]) == 2
        said = capsys.readouterr().err
        assert "records.parquet: absent, torn or not published" in said
        assert len(said.splitlines()) == 1
    (folder / "probes.parquet").unlink()
    assert main([str(folder), "--output", str(tmp_path / "report")]) == 2


def test_what_cannot_be_published_is_said(study, tmp_path):
    with pytest.raises(DataError, match=r"no readable record\.json"):
        publish(tmp_path, tmp_path / "there")
    with pytest.raises(DataError, match="name another folder"):
        publish(study, study)


def test_published_runs_that_the_new_ones_lack_are_not_written_over(tmp_path):
    sweep(tmp_path / "many", examples=(100,), seeds=2)
    sweep(tmp_path / "few", examples=(100,), seeds=1)
    publish(tmp_path / "few", tmp_path / "published")
    publish(tmp_path / "many", tmp_path / "published")  # which has them all
    before = load_records(tmp_path / "published")
    with pytest.raises(DataError, match=rf"holds {len(before) // 2} published runs that would be lost"):
        publish(tmp_path / "few", tmp_path / "published")
    pd.testing.assert_frame_equal(load_records(tmp_path / "published"), before)


def test_runs_of_no_study_are_published_all_of_them(study, tmp_path):
    folder = shutil.copytree(study, tmp_path / "runs")
    (folder / "study.json").unlink()
    (folder / "records.parquet").unlink(missing_ok=True)
    written, files = publish(folder, tmp_path / "published")
    assert [path.name for path in written] == ["records.parquet", "curves.parquet", "probes.parquet"]
    before, after = load_records(folder), load_records(tmp_path / "published")
    assert set(before["run_id"]) == set(after["run_id"]) == set(files.records["run_id"])
    assert len(load_curves(after)) == len(load_curves(before)) > 0


def test_the_command(study, tmp_path):
    done = run(tmp_path, "publish", str(study), "p", module="records.__main__")
    assert done.returncode == 0, done.stderr
    assert "records.parquet" in done.stdout
    (tmp_path / "empty").mkdir()
    failed = run(tmp_path, "publish", "empty", "q", module="records.__main__")
    assert (failed.returncode, len(failed.stderr.splitlines())) == (2, 1)
