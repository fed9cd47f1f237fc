"""The worked examples of the docs, followed to the letter in a copy of the checkout."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PAGES = ["new_cell", "new_task", "new_claim"]
COPIED = (
    "rnncompare",
    "hydra_plugins",
    "configs",
    "experiments",
    "docs",
    "tests",
    "tools",
    "pyproject.toml",
    "README.md",
)
FILE = re.compile(r"`([\w/]+\.(?:py|yaml|md))`:\n\n```\w+\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^    (python -m .*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout with the files of all examples, and the commands that their pages print."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for page in PAGES:
        for name, content in FILE.findall(read(page)):
            place = folder / name
            before = place.read_text(encoding="utf-8") + "\n\n" if place.exists() else ""
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(before + content, encoding="utf-8")
    return folder


def read(page):
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


def run(checkout, command):
    words = shlex.split(command)
    assert words[0] == "python"
    return subprocess.run([sys.executable, *words[1:]], cwd=checkout, capture_output=True, text=True, timeout=280)


@pytest.mark.parametrize("page", PAGES)
def test_an_example_works_as_it_is_printed(checkout, page):
    files, commands = FILE.findall(read(page)), COMMAND.findall(read(page))
    assert len(files) >= 2
    assert any("pytest" in command for command in commands)
    sources = [name for name, _ in files if name.endswith(".py")]
    for command in [*commands, *(["python -m ruff check " + " ".join(sources)] if sources else [])]:
        done = run(checkout, command)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


def test_a_setting_that_a_new_task_cannot_have_is_an_error_of_one_line(checkout):
    done = run(checkout, "python -m rnncompare.run data=largest data.sequence_length=0")
    assert (done.returncode, done.stderr) == (2, "error: data.sequence_length=0: a whole number from 1\n")
