"""``python -m rnncompare.report RESULTS``: records to a summary and plots."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rnncompare.errors import DataError
from rnncompare.terminal import safe


def main(arguments: Sequence[str] | None = None) -> int:
    """Report on the runs of a results folder.

    Returns:
        0; 1 if some records were unreadable and are not in the report; 2 if there was nothing to report on.
    """
    options = _parser().parse_args(arguments)
    try:
        return write_report(options.results, options.output or options.results.resolve().parent / "report")
    except (DataError, OSError) as error:
        print(safe(f"rnncompare.report: {error}"), file=sys.stderr)
        return 2


def write_report(results: Path, output: Path) -> int:
    """Write the summary and the plots of all runs in ``results`` to ``output``, print the summary and what was written.

    Returns:
        0, or 1 if some records were skipped.

    Raises:
        DataError: there are no readable records; nothing is written.
        OSError: ``output`` cannot be written.
    """
    from rnncompare import plots, tables
    from rnncompare.records import load_curves, read_records

    frame, skipped = read_records(results)
    summary = tables.summarise(frame)
    output.mkdir(parents=True, exist_ok=True)
    summary.to_csv(output / "summary.csv", index=False)
    with open(output / "summary.parquet", "wb") as file:  # Parquet's own does not open every path
        summary.to_parquet(file, index=False)
    written = plots.draw_all(frame, load_curves(frame), output)
    print(tables.text(summary))
    print(safe(f"{len(frame)} runs in {results}. Written to {output}:"))
    for path in (output / "summary.csv", output / "summary.parquet", *written):
        print(f"  {path.name}{' and .svg' if path.suffix == '.png' else ''}")
    for line in skipped:
        print(safe(f"not counted: {line}"), file=sys.stderr)
    return 1 if skipped else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rnncompare.report",
        description="Summarise recorded runs over seeds, as a table (CSV and Parquet) and as plots (PNG and SVG).",
        epilog="Exit codes: 0 done; 1 some records were unreadable (named, the rest reported); 2 nothing to report on.",
    )
    parser.add_argument(
        "results", type=Path, help="folder of runs, searched in depth for record.json, or a Parquet file of records"
    )
    parser.add_argument("--output", type=Path, help="folder to write to (default: 'report' beside RESULTS)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
