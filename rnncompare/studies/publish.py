"""``python -m rnncompare.studies.publish STUDY``: write a study's numbers into the pages that quote it.

A page marks the place with a pair of lines, ``<!-- verdicts: CLAIM ... -->`` and ``<!-- end -->``. What is between them
is replaced by the verdict table of these claims, or of all claims for ``<!-- verdicts -->``. ``<!-- conditions: CLAIM
-->`` gives each condition of a claim separately, ``<!-- checks: CLAIM -->`` what code found.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnncompare.base.errors import DataError
from rnncompare.base.wording import markdown
from rnncompare.claims.claim import EXPERIMENTS
from rnncompare.claims.finding import Finding
from rnncompare.statistics import Interval
from rnncompare.studies import verdict_table
from rnncompare.studies.verdicts import Study, read_study

BLOCK = re.compile(r"(<!-- (verdicts|conditions|checks)(?:: ([a-z_ ]+?))? -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the numbers of a study into the table of verdicts and the claims' pages.

    Returns:
        0, or 2 if there is no study.
    """
    parser = argparse.ArgumentParser(prog="python -m rnncompare.studies.publish", description=__doc__)
    parser.add_argument("study", type=Path, help="folder of the study, such as results/published/study")
    try:
        study = read_study(parser.parse_args(arguments).study)
    except DataError as error:
        print(f"rnncompare.studies.publish: {error}", file=sys.stderr)
        return 2
    for page in pages():
        page.write_text(filled(page.read_text(encoding="utf-8"), study), encoding="utf-8")
    return 0


def pages() -> list[Path]:
    """The pages that quote the published study."""
    return [EXPERIMENTS.parent / "docs" / "verdicts.md", *sorted(EXPERIMENTS.glob("*/README.md"))]


def filled(text: str, study: Study) -> str:
    """``text`` with its blocks filled in from the study."""

    def block(found: re.Match[str]) -> str:
        named = set((found[3] or "").split())
        findings = [finding for finding in study.findings if not named or finding.claim.name in named]
        titles = {name: task["scale"]["title"] for name, task in study.manifest.tasks.items()}
        match found[2]:
            case "verdicts":
                content = _verdicts(findings)
            case "conditions":
                content = _conditions(findings, titles)
            case _:
                content = _checks(findings)
        return f"{found[1]}\n{content}\n\n{found[4]}"

    return BLOCK.sub(block, text)


def _verdicts(findings: Sequence[Finding]) -> str:
    shown = verdict_table.frame(list(findings)).drop(columns=["p", "would settle it"])
    shown["claim"] = [f"[{name}](../experiments/{name}/README.md)" for name in shown["claim"]]
    if len({finding.claim.name for finding in findings}) == 1:
        shown = shown.drop(columns="claim")
    return markdown(shown.columns, shown.itertuples(index=False))


def _conditions(findings: Sequence[Finding], titles: Mapping[str, str]) -> str:
    rows = [
        (
            f"{finding.first} / {finding.second}",
            finding.measure,
            titles.get(task.task, task.title),
            row["value"],
            f"{row['first']:.3g}",
            f"{row['second']:.3g}",
            verdict_table.interval(Interval(row["effect"], row["low"], row["high"], row["seeds"])),
            task.unit,
            task.verdict,
        )
        for finding in findings
        for task in finding.tasks
        if task.conditions is not None
        for _, row in task.conditions.iterrows()
    ]
    names = ["compared", "measure", "task", "value", "first", "second", "difference [95 %]", "unit", "task's verdict"]
    return markdown(names, rows)


def _checks(findings: Sequence[Finding]) -> str:
    marks = {True: "yes", False: "**no**", None: ""}
    rows = [(check.statement, check.found, marks[check.holds]) for finding in findings for check in finding.checks]
    return markdown(["looked at", "found", "holds"], rows)


if __name__ == "__main__":
    sys.exit(main())
