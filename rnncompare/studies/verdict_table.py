"""The verdict table of a study as text: every comparison, then its tasks, then notes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rnncompare.claims.finding import Finding, TaskFinding
from rnncompare.statistics import Interval
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd

HALVES = {True: "agree", False: "disagree", None: ""}  # of the seeds, each judged as a study of its own
MOST_CLAIMS_WITH_TASKS = 3  # with more claims, only the report shows their tasks


def text(study: Study) -> str:
    """The verdicts, a row for each comparison; their tasks, if there are only a few claims; and notes."""
    known = [finding for finding in study.findings if finding.verdict != "not measured"]
    holds = "* holds with the adjustment for all comparisons of this study; the others are suggestive"
    lines = ["", aligned(frame(known)), "", holds] if known else []
    if len(study.manifest.claims) <= MOST_CLAIMS_WITH_TASKS:
        for finding in known:
            lines += _tasks(finding)
    lines += [
        f"note on {finding.claim.name}, {finding.measure}, {finding.first} against {finding.second}: {note}"
        for finding in known
        for note in finding.notes
    ]
    lines += list(_failed(study))
    lines += list(_unmeasured(study))
    lines += [f"left out: {name}: {why}" for name, why in study.manifest.left_out.items()]
    lines += [f"not counted: {line}" for line in study.skipped]
    return "\n".join(lines)


def aligned(table: pd.DataFrame) -> str:
    """A table of text, its columns flush left."""
    cells = [[str(name), *map(str, table[name])] for name in table]
    widths = [max(map(len, column)) for column in cells]
    lines = zip(*cells, strict=True)
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """The verdict table in words."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "claim": finding.claim.name,
                "measure": finding.measure,
                "compared": compared(finding),
                "verdict": finding.verdict + " *" * (finding.strength == "holds"),
                "effect [95 %]": "" if finding.effect is None else interval(finding.effect),
                "margin": "" if finding.margin is None else f"{finding.margin:.3g}",
                "unit": finding.unit if finding.effect is not None else "",
                "tasks": _tally(finding),
                "pairs": f"{finding.pairs}" if finding.pairs else "",
                "p": p_value(finding.p),
                "adjusted p": p_value(finding.p_adjusted),
                "halves": HALVES[finding.halves_agree],
                "would settle it": finding.settle,
            }
            for finding in findings
        ]
    )


def compared(finding: Finding) -> str:
    """The two arms of a finding."""
    return f"{finding.first} / {finding.second}" if finding.first else ""


def by_task(tasks: Sequence[TaskFinding]) -> pd.DataFrame:
    """The verdicts of tasks in words."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "task": task.title,
                "verdict": task.verdict,
                "effect": "" if task.effect is None else interval(task.effect),
                "margin": f"{task.margin:.3g}",
                "unit": task.unit,
                "first": "" if task.first is None else f"{task.first.mean:.4g}",
                "second": "" if task.second is None else f"{task.second.mean:.4g}",
                "pairs": f"{task.seeds}" if task.seeds else "",
                "p": p_value(task.p),
                "cut": "" if math.isnan(task.cut[0]) else f"{task.cut[0]:.0%} / {task.cut[1]:.0%}",
                "halves": HALVES[task.halves_agree],
            }
            for task in tasks
        ]
    )


def _tally(finding: Finding) -> str:
    """How many tasks have which verdict, if there are several."""
    if len(finding.tasks) < 2:
        return ""
    verdicts = [task.verdict for task in finding.tasks]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))


def _tasks(finding: Finding) -> list[str]:
    """The tasks of a finding, and the tasks as a sample."""
    measured = [task for task in finding.tasks if task.verdict != "not measured"]
    if not measured:
        return []
    lines = ["", f"{finding.claim.name}, {finding.measure}: {finding.first} less {finding.second}, by task"]
    lines.append(aligned(by_task(measured)))
    lines.append(f"  first: {finding.first}, second: {finding.second}; more is better, so losses have a minus")
    lines.append(
        "  p: of the task's verdict, not of the claim; where it cannot tell, of a difference within the margin"
    )
    lines += [f"  {task.title}: {note}" for task in measured for note in task.notes]
    if finding.general is not None:
        general = finding.general
        without = general.leave_one_out
        lines.append(
            f"{general.tasks} tasks as a sample of tasks, in margins of each: {interval(general.effect)}; "
            f"on a new task {interval(general.new_task)}; median {general.median:+.3g}; "
            f"between tasks {general.tau:.3g}, {general.i_squared:.0%} of the variance"
        )
        if len(without):
            low, high = without["effect"].min(), without["effect"].max()
            lines.append(f"without any one of them: from {low:+.3g} to {high:+.3g}")
    return lines


def _failed(study: Study) -> Iterator[str]:
    """How many runs failed, and why one did."""
    if study.failed:
        run, error = next(iter(study.failed.items()))
        yield f"{len(study.failed)} runs failed and count as the worst; {run}: {error}"


def _unmeasured(study: Study) -> Iterator[str]:
    """What was not attempted, claim by claim."""
    not_attempted = study.manifest.not_attempted
    for name in dict.fromkeys(piece["claim"] for piece in not_attempted):
        mine = [piece for piece in not_attempted if piece["claim"] == name]
        names = (piece["task"] + (f" from {piece['start']}" if piece["start"] else "") for piece in mine)
        tasks = ", ".join(dict.fromkeys(names))
        hours = sum(piece["seconds"] for piece in mine) / 3600
        price = f"about {hours:.2g} core-hours" if hours else "with the runs of those above"
        yield f"not attempted in full: {name}: {tasks}; {price}"
    for finding in study.findings:
        if finding.verdict == "not measured" and not any(p["claim"] == finding.claim.name for p in not_attempted):
            yield f"not measured: {finding.claim.name}, {finding.measure}, {compared(finding)}"


def interval(found: Interval) -> str:
    """A mean with its bounds, each to three digits, in ASCII for terminals; pages use `report.pages.phrases`."""
    if math.isnan(found.low):
        return f"{found.mean:+.3g}"
    return f"{found.mean:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"


def p_value(p: float) -> str:
    """A p-value to three places, for tables and pages; empty if unknown (NaN)."""
    if math.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
