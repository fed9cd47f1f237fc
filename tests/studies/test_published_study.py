"""What is published of the second study: its pages quote it, and its runs are those that the claims ask for now."""

import math
import re
from pathlib import Path

import pytest

from rnncompare.claims import load, names
from rnncompare.claims.finding import SETTLED
from rnncompare.composition.compose import compose
from rnncompare.records import load_records, run_id
from rnncompare.report.pages import phrases
from rnncompare.statistics.tuned import FEWEST_SEEDS
from rnncompare.studies.protocol import load_task, protocol
from rnncompare.studies.publish import filled, pages
from rnncompare.studies.rates import with_rate
from rnncompare.studies.verdicts import read_study
from tests.commands import script

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results/published/second_study"
READ_FILES = ("japanese_vowels", "jsb_chorales", "nottingham", "shakespeare", "text", "mnist_rows")  # known by content
CHECKS = re.compile(r"<!-- checks: .*?<!-- end -->", re.DOTALL)  # of data that are at hand, and made anew


@pytest.fixture(scope="module")
def study():
    return read_study(PUBLISHED)


def test_every_claim_is_in_it_and_no_verdict_rests_on_fewer_pairs_than_halves_can_be_made_of(study):
    assert [claim.name for claim in study.manifest.claims] == names()
    assert not study.skipped
    compared = [task for finding in study.findings for task in finding.tasks if task.effect is not None]
    assert all(task.seeds >= FEWEST_SEEDS for task in compared)
    assert len(compared) > 100


def test_claims_and_scales_stand_as_they_were_judged(study):
    for claim in study.manifest.claims:
        assert claim == load(claim.name)
    for name, scale in study.manifest.scales.items():
        assert scale == load_task(name).scale


def test_pages_quote_the_study_as_it_is(study):
    assert len(pages()) == len(names()) + 1
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert CHECKS.sub("", filled(text, study)) == CHECKS.sub("", text), page


def test_a_claim_that_was_foreseen_is_suggestive_and_says_so(study):
    found = [one for one in study.findings if one.claim.foreseen and one.verdict in SETTLED]
    assert found
    for one in found:
        assert one.strength == "suggestive"
        assert one.notes[-1] == f"no more than suggestive: {load(one.claim.name).foreseen}"


def test_what_is_not_measured_or_unconverged_is_said(study):
    for finding in study.findings:
        said = [task.verdict for task in finding.tasks]
        if missing := said.count("not measured"):
            assert any(note.startswith(f"{missing} task") and "not measured" in note for note in finding.notes)
        if finding.verdict == "inconclusive" and not finding.claim.general:
            assert ("longer training on" in finding.settle) == ("unconverged" in said)


def ratio(study, claim, first):
    """How many times as much of what a claim measures its first arm takes as its second."""
    (found,) = [finding for finding in study.findings if (finding.claim.name, finding.first) == (claim, first)]
    (margin,) = found.claim.margins.values()
    return math.exp(-found.effect.mean * margin)


def test_over_tasks_an_effect_is_in_margins_and_its_factor_is_that_of_the_unit(study):
    found = next(one for one in study.findings if (one.claim.name, one.first) == ("faster_step_cpu", "gru"))
    assert found.unit == "margins of each task"
    factor = phrases.figure(1 / ratio(study, "faster_step_cpu", "gru"))
    assert phrases.finding_factor(found).startswith(f"a factor of {factor} [")
    slope = next(one for one in study.findings if one.measure == "interaction")
    assert (slope.margin, slope.unit) == (0.0, slope.tasks[0].unit)


def interval(finding):
    """As README writes it."""
    return f"(95 % interval {finding.effect.low:.1f} to {finding.effect.high:.1f})".replace("-", "−")


def test_the_readme_and_the_docs_give_its_numbers(study):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{1 - ratio(study, 'less_memory', 'gru'):.0%}".replace("%", " %") + " less peak memory" in readme
    assert f"a GRU step takes {ratio(study, 'faster_step_cpu', 'gru'):.1f} times as long" in readme
    assert f"on a CPU it takes {ratio(study, 'faster_step_cpu', 'torch_gru'):.1f} times as long" in readme
    little, winner, most = (
        next(one for one in study.findings if (one.claim.name, one.measure) == named)
        for named in (
            ("better_on_little_data", "quality"),
            ("no_clear_winner", "quality"),
            ("lstm_wins_with_data", "quality_at_largest"),
        )
    )
    assert f"ahead by {little.effect.mean:.1f} of the difference that would matter {interval(little)}" in readme
    assert f"ahead by {winner.effect.mean:.1f} times the difference that would matter {interval(winner)}" in readme
    (temporal_order,) = (task.p for task in most.tasks if task.task == "temporal_order")
    assert f"(p = {temporal_order:.2g} for this task alone, of {len(most.tasks)}, with 64 units each)" in readme
    runs = load_records(PUBLISHED)
    hours = runs["speed.training_seconds"].sum() / 3600
    assert f"{len(runs):,} runs and {hours:.0f} core-hours of training" in (ROOT / "docs/studies.md").read_text("utf-8")


def test_the_runs_are_those_that_the_claims_ask_for(study):
    claims = [load(name) for name in names()]
    wanted = protocol(claims, {name: load_task(name) for claim in claims for name in claim.tasks})
    entries = [entry for entry in wanted.entries if entry.task not in READ_FILES]
    named = {(entry.task, entry.value, tuple(entry.overrides)): entry for entry in study.manifest.entries}
    attempted = [entry for entry in entries if (entry.task, entry.value, entry.overrides) in named]
    parts = [{entry.value, *entry.overrides} for entry in attempted]
    seen = set()  # by task, since composing takes long: every value and every override once
    entries = []
    for entry, own in zip(attempted, parts, strict=True):
        if not {(entry.task, part) for part in own} <= seen:
            seen |= {(entry.task, part) for part in own}
            entries.append(entry)
    assert len(entries) > 50
    for entry, settings in zip(entries, compose([*entry.overrides, "device=cpu"] for entry in entries), strict=True):
        found = named[entry.task, entry.value, entry.overrides]
        seed, name = max(found.runs[found.rates[0]].items())
        run = with_rate(settings, found.rates[0], seed)
        assert run_id(run.config() | {"data": settings.data.pinned().config()}) == name, entry


def test_a_script_with_scipy_alone_gives_the_same_verdicts(study, capsys):
    recompute, agreed = script("recompute"), 0
    for finding in study.findings:
        if finding.measure != "quality":
            continue
        recompute.main(PUBLISHED, finding.claim.name, finding.first, finding.second)
        said = {line[:32].strip(): line[32:].split(maxsplit=3) for line in capsys.readouterr().out.splitlines()}
        for task in finding.tasks:
            if task.title in said and task.effect is not None:
                mean, low, high, verdict = said[task.title]
                assert float(mean) == pytest.approx(task.effect.mean, abs=1e-4)
                assert float(low.strip("[,")) >= task.effect.low - 1e-4  # the study's interval is the wider
                assert float(high.strip("],")) <= task.effect.high + 1e-4
                same = verdict.strip() == task.verdict
                # the study's interval is the wider of this one and a bootstrap's, so it may leave more open
                wider = task.effect.high - task.effect.low > float(high.strip("],")) - float(low.strip("[,"))
                open_ = task.verdict == "cannot tell" and wider
                assert same or open_ or task.verdict in ("unconverged", "uninformative")
                agreed += same
    assert agreed >= 5
