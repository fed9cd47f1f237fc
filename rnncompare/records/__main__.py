"""Records as Parquet files.

python -m rnncompare.records compact RESULTS_DIR      gather the records in one file beside them, which loads quickly
python -m rnncompare.records publish RESULTS_DIR DEST copy a study, or other runs, as a few files without machine paths

Exit code 1 if some records were unreadable and are left out, or a file cannot be written; 2 if there are none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rnncompare.base.errors import DataError
from rnncompare.base.signals import in_order
from rnncompare.base.wording import safe
from rnncompare.records import compact


@in_order("the same command does it again")
def main(words: Sequence[str] | None = None) -> None:
    """Run the command: exit code 1 if records were left out or a file cannot be written, 2 if there are none."""
    parser = argparse.ArgumentParser(
        prog="python -m rnncompare.records", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("compact").add_argument("results_dir", type=Path)
    publishing = actions.add_parser("publish")
    publishing.add_argument("results_dir", type=Path)
    publishing.add_argument("destination", type=Path, metavar="DEST")
    arguments = parser.parse_args(words)
    try:
        said, skipped = _publish(arguments) if arguments.action == "publish" else _compact(arguments)
    except DataError as error:
        print(safe(f"error: {error}"), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        place = error.filename or getattr(arguments, "destination", arguments.results_dir)
        print(safe(f"error: {place}: {error.strerror}; the records are as they were"), file=sys.stderr)
        sys.exit(1)
    for line in said:
        print(safe(line))
    for line in skipped:
        print(safe(f"not counted: {line}"), file=sys.stderr)
    if skipped:
        sys.exit(1)


def _compact(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    path, count, skipped = compact(arguments.results_dir)
    return [f"{count} records in {path}, {_megabytes(path)}"], skipped


def _publish(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    from rnncompare.studies.published_store import publish

    written, files = publish(arguments.results_dir, arguments.destination)
    said = f"{len(files.records)} runs and {len(files.probes)} measurements in {arguments.destination}:"
    return [said, *(f"  {path.name}, {_megabytes(path)}" for path in written)], files.skipped


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 2**20:.1f} MB"


if __name__ == "__main__":
    main()
