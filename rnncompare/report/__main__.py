"""``python -m rnncompare.report RESULTS``: one HTML page, tables and plots from a study or from records."""

from __future__ import annotations

from rnncompare.base.signals import exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import argparse
import errno
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError
from rnncompare.base.files import write_whole
from rnncompare.base.wording import safe

if TYPE_CHECKING:
    import pandas as pd


@in_order("the report is incomplete; run the same command again")
def main(arguments: Sequence[str] | None = None) -> int:
    """Report on a study or on the runs of a results folder.

    Returns:
        0; 1 if some records were unreadable and are not in the report, or the disk is full; 2 if there was nothing to
        report on.
    """
    options = _parser().parse_args(arguments)
    try:
        return write_report(options.results, options.output or options.results.resolve().parent / "report")
    except DataError as error:
        print(safe(f"rnncompare.report: {error}"), file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:  # of the terminal, say
            raise
        print(safe(f"rnncompare.report: {error.filename}: {error.strerror}"), file=sys.stderr)
        return 1 if error.errno == errno.ENOSPC else 2


def write_report(results: Path, output: Path) -> int:
    """Write the page, tables and figures of a study, or of the runs in a folder without a study.

    Returns:
        0, or 1 if some records were skipped.

    Raises:
        DataError: there are no readable records, or the study's manifest is damaged; nothing is written.
        OSError: ``output`` cannot be written.
    """
    from rnncompare.studies.manifest import NAME, is_earlier

    report = _report_runs
    if (results / NAME).is_file():
        report = _report_earlier_study if is_earlier(results) else _report_study
    count, written, skipped = report(results, output)
    print(safe(f"{count} runs in {results}. Written to {output}:"))
    for path in written:
        print(safe(f"  {path.name}{' and .svg' if path.suffix == '.png' else ''}"))
    for line in skipped:
        print(safe(f"not counted: {line}"), file=sys.stderr)
    return 1 if skipped else 0


def _report_study(results: Path, output: Path) -> tuple[int, list[Path], list[str]]:
    from rnncompare.report import pages, tables
    from rnncompare.studies.verdicts import read_study

    study = read_study(results)
    runs = pages.all_runs(study)
    output.mkdir(parents=True, exist_ok=True)
    summaries = _write_summary(tables.summarise(runs), output) if len(runs) else []
    return len(runs), [*pages.write_study(study, runs, results, output), *summaries], study.skipped


def _report_earlier_study(results: Path, output: Path) -> tuple[int, list[Path], list[str]]:
    from rnncompare.report import pages, tables
    from rnncompare.report.pages.earlier import read_earlier_study

    study = read_earlier_study(results)
    runs = pages.earlier_runs(study)
    output.mkdir(parents=True, exist_ok=True)
    summaries = _write_summary(tables.summarise(runs), output)
    return len(runs), [*pages.write_earlier_study(study, runs, results, output), *summaries], study.files.skipped


def _report_runs(results: Path, output: Path) -> tuple[int, list[Path], list[str]]:
    from rnncompare.records import read_curves, read_records
    from rnncompare.report import pages, tables

    frame, skipped = read_records(results)
    summary = tables.summarise(frame)
    output.mkdir(parents=True, exist_ok=True)
    summaries = _write_summary(summary, output)
    curves, without_curve = read_curves(frame)
    notes = tables.of_several_codes(frame)
    print(safe("\n".join([tables.text(summary), *notes, *without_curve])))
    page, *drawn = pages.write_runs(frame, curves, summary, notes, [*skipped, *without_curve], results, output)
    return len(frame), [page, *summaries, *drawn], skipped


def _write_summary(summary: pd.DataFrame, output: Path) -> list[Path]:
    paths = [output / "summary.csv", output / "summary.parquet"]
    write_whole(paths[0], summary.to_csv(index=False))
    write_whole(paths[1], lambda file: summary.to_parquet(file, index=False))
    return paths


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rnncompare.report",
        description="One HTML page, with its tables (CSV and Parquet) and plots (PNG and SVG) beside it: the verdicts "
        "of a study where RESULTS holds one (study.json), else recorded runs summarised over seeds.",
        epilog="Exit codes: 0 done; 1 some records were unreadable (named, the rest reported); 2 nothing to report on.",
    )
    parser.add_argument(
        "results", type=Path, help="folder of a study or of runs, searched in depth, or a Parquet file of records"
    )
    parser.add_argument("--output", type=Path, help="folder to write to (default: 'report' beside RESULTS)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
