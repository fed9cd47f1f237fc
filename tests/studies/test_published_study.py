"""What is published of the standard study: its pages quote it, and its runs are those that the claims ask for now."""

import re
from pathlib import Path

import pytest

from rnncompare.claims import load, names
from rnncompare.composition.compose import compose
from rnncompare.records import run_id
from rnncompare.studies.protocol import load_task, protocol
from rnncompare.studies.publish import filled, pages
from rnncompare.studies.tuning import with_rate
from rnncompare.studies.verdicts import read_study

PUBLISHED = Path(__file__).parents[2] / "results/published/study"
READ_FILES = ("japanese_vowels", "jsb_chorales", "shakespeare", "text")  # their identity is that of files
CHECKS = re.compile(r"<!-- checks: .*?<!-- end -->", re.DOTALL)  # of data that are at hand, and made anew


@pytest.fixture(scope="module")
def study():
    return read_study(PUBLISHED)


def test_every_claim_was_judged_with_the_pairs_that_were_promised(study):
    assert [claim.name for claim in study.book.claims] == names()
    assert not study.skipped
    for finding in study.findings:
        if finding.decision is not None:
            promised = 30 if finding.claim.more_pairs else 10
            assert finding.decision.pairs >= promised, (finding.claim.name, finding.measure)


def test_claims_stand_as_they_were_judged(study):
    for claim in study.book.claims:
        assert claim == load(claim.name)


def test_pages_quote_the_study_as_it_is(study):
    assert len(pages()) == len(names()) + 1
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert CHECKS.sub("", filled(text, study)) == CHECKS.sub("", text), page


def test_the_runs_are_those_that_the_claims_ask_for(study):
    claims = [load(name) for name in names()]
    wanted = protocol(claims, {name: load_task(name) for claim in claims for name in claim.tasks}, 10, 30)
    entries = [entry for entry in wanted.entries if entry.task not in READ_FILES]
    booked = {(entry.task, entry.value, tuple(entry.overrides)): entry for entry in study.book.entries}
    for entry, settings in zip(entries, compose([*entry.overrides, "device=cpu"] for entry in entries), strict=True):
        found = booked[entry.task, entry.value, entry.overrides]
        if found.learning_rate is not None:
            run = with_rate(settings, found.learning_rate, 3)
            assert run_id(run.config() | {"data": settings.data.pinned().config()}) == found.evaluation[3], entry
