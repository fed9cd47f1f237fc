"""A study in which every verdict occurs, and its page, made once."""

import pytest
from synthetic_study import write_study

from rnncompare.report.__main__ import main


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "study"
    write_study(folder)
    return folder


@pytest.fixture(scope="session")
def report(study):
    output = study.parent / "report"
    assert main([str(study), "--output", str(output)]) == 0
    return output


@pytest.fixture(scope="session")
def page(report):
    return (report / "report.html").read_text(encoding="utf-8")
