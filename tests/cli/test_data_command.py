"""``python -m rnncompare.data``: list, fetch, check, describe."""

import sys

import numpy as np
import pytest

from rnncompare import data, tasks
from rnncompare.cli import data_console as description
from rnncompare.tasks.adding import Adding
from rnncompare.tasks.contract import IGNORED, Classification, Data, Examples, download
from rnncompare.tasks.text import Text
from tests.commands import run


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
    table, _, presets = printed.partition("\n\n")
    assert [line.split()[0] for line in table.splitlines()[1:]] == tasks.names()
    assert next(line for line in lines if line.startswith("mnist")).split()[-4:] == ["no", "CC", "BY-SA", "3.0"]
    assert " tinyshakespeare no, ptb no " in next(line for line in lines if line.startswith("text"))
    assert presets.startswith("data=tinyshakespeare: Next character of Shakespeare's plays (")
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


def test_examples_begin_where_something_changes_and_show_the_columns_that_vary():
    steps = np.zeros((1, 40, 20), np.float32)
    steps[0, 30:, 13] = np.arange(1, 11)
    one = Examples(steps, np.array([2]))
    of_classes = Classification(3, "last")
    shown = description.described(
        "own", Data(one, one, one, of_classes, 0.5, "", features=20, classes=["no", "yes", "maybe"])
    )
    assert "column 13   [ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10.]" in shown
    assert "... and 12 columns that vary less" in shown
    assert "-> maybe (steps 30 to 40 of 40)" in shown
    assert "inputs      20 numbers a step" in shown
    assert "targets     one of 3 classes a sequence" in shown


def test_classes_at_every_step_are_called_by_their_names():
    steps, targets = np.zeros((1, 4, 1), np.float32), np.array([[0, 1, IGNORED, 1]])
    one = Examples(steps, targets)
    shown = description.described(
        "own", Data(one, one, one, Classification(2, "every"), 0.5, "", features=1, classes=["up", "down"])
    )
    assert "-> [up down . down]" in shown
    assert "inputs      1 number a step" in shown


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
    done = run(tmp_path, "describe", "data=file", "data.path=own.csv", "data.target=label", module="data")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("read as: classification, 20 sequences of 3 steps (by id, in file order)")
    assert "classes     a 50.0%, b 50.0%" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]
