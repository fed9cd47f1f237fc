"""``python -m rnncompare.records compact RESULTS_DIR``: gather the records in one Parquet file, which loads quickly."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rnncompare.errors import DataError
from rnncompare.records.table import compact
from rnncompare.terminal import safe


def main() -> None:
    """Run the command: exit code 0, 1 where the file cannot be written, or 2 where there are no records."""
    parser = argparse.ArgumentParser(prog="python -m rnncompare.records", description=__doc__)
    parser.add_argument("action", choices=["compact"])
    parser.add_argument("results_dir", type=Path)
    arguments = parser.parse_args()
    try:
        path, count, skipped = compact(arguments.results_dir)
    except DataError as error:
        print(safe(f"error: {error}"), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(safe(f"error: {arguments.results_dir}: {error.strerror}; the records are as they were"), file=sys.stderr)
        sys.exit(1)
    for line in skipped:
        print(safe(f"not counted: {line}"), file=sys.stderr)
    print(safe(f"{count} records in {path}, {path.stat().st_size / 2**20:.1f} MB"))


if __name__ == "__main__":
    main()
