"""``python -m rnncompare.data``: list, fetch, check, describe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnncompare import data, description, tasks
from rnncompare.tasks.adding import Adding
from rnncompare.tasks.contract import download
from rnncompare.tasks.text import Text

ROOT = Path(__file__).parent.parent


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    """Call the command offline with an empty data folder; gives exit code, output and errors."""
    monkeypatch.setenv("RNNCOMPARE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(download, "open_https", lambda url: (_ for _ in ()).throw(OSError("offline")))

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["data", *words])
        try:
            data.main()
            code = 0
        except SystemExit as done:
            code = done.code
        return code, *capsys.readouterr()

    return command


def test_the_list_names_every_task_with_its_licence(command):
    code, printed, _ = command()
    assert code == 0
    lines = printed.splitlines()
    assert [line.split()[0] for line in lines[1:]] == tasks.names()
    assert next(line for line in lines if line.startswith("mnist")).endswith("0 of 4      CC BY-SA 3.0")
    assert "1,000,000" in next(line for line in lines if line.startswith("adding"))


def test_fetch_says_why_it_cannot(command):
    code, _, errors = command("fetch", "jsb_chorales")
    assert code == 2
    assert "JSB_Chorales.mat is absent and could not be fetched (offline)" in errors
    assert command("fetch", "adding")[:2] == (0, "adding needs no files\n")
    code, _, errors = command("fetch", "nothing")
    assert code == 2
    assert "fetch=nothing: one of japanese_vowels, jsb_chorales" in errors
    assert command("steal")[0] == 2


def test_check_finds_a_torn_file(command, tmp_path):
    code, printed, _ = command("check")
    assert code == 0
    assert all(line.startswith("absent") for line in printed.splitlines())
    (tmp_path / "data/tinyshakespeare").mkdir(parents=True)
    (tmp_path / "data/tinyshakespeare/input.txt").write_text("To be")
    code, printed, _ = command("check")
    assert code == 1
    (bad,) = (line for line in printed.splitlines() if line.startswith("bad"))
    assert "input.txt: torn or another file" in bad


def test_a_description_shows_what_there_is():
    shown = description.described("adding", Adding(size=20, sequence_length=8, validation_examples=5).load(0))
    assert "train       20 sequences of 8 steps" in shown
    assert "validation  5 sequences of 8 steps" in shown
    assert "optimum 0)" in shown
    assert shown.count("->") == 3


def test_a_text_is_shown_as_text(tmp_path):
    (tmp_path / "t.txt").write_text("ab " * 400)
    shown = description.described("text", Text(path=str(tmp_path / "t.txt"), size="full", sequence_length=6).load(0))
    assert "'ab ab ' -> \n  'b ab a'" in shown or "'ab ab ' ->" in shown
    assert "classes     " in shown
    assert "33." in shown


def test_describe_from_the_command_line(tmp_path):
    (tmp_path / "own.csv").write_text(
        "id,x,label\n" + "".join(f"{i},{t},{'ab'[i % 2]}\n" for i in range(20) for t in range(3))
    )
    done = subprocess.run(
        [sys.executable, "-m", "rnncompare.data", "describe", "data=file", "data.path=own.csv", "data.target=label"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("read as: classification, 20 sequences of 3 steps (by id, in file order)")
    assert "classes     a 50.0%, b 50.0%" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]
