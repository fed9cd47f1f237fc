"""A study in which every verdict occurs, judged once, and its page, made once."""

import pytest
from parsed import Parsed
from synthetic_study import EVERY_VERDICT, Planned, write_study

from rnncompare.report import pages
from rnncompare.studies.verdicts import read_study

PLANS = (
    *EVERY_VERDICT[:9],
    Planned("is_general", (6.0, 8.0, 7.0, 9.0), real=1),
    Planned("depends", (9.0, -9.0, 0.0), rule="equivalent"),
)


@pytest.fixture(scope="session")
def study(tmp_path_factory, request):
    """Of all plans, or of fewer that a file of tests asks for, since its page takes half a minute."""
    folder = tmp_path_factory.mktemp("made") / "study"
    write_study(folder, getattr(request, "param", PLANS))
    return folder


@pytest.fixture(scope="session")
def judged(study):
    return read_study(study)


@pytest.fixture(scope="session")
def report(study, judged):
    output = study.parent / "report"
    output.mkdir()
    pages.write_study(judged, pages.all_runs(judged), study, output)
    return output


@pytest.fixture(scope="session")
def page(report):
    return (report / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def parsed(page):
    return Parsed(page)
