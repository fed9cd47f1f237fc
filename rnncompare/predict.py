"""``python -m rnncompare.predict MODEL DATA``: predictions of a kept model for new data."""

from __future__ import annotations

from rnncompare.base.signals import exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from rnncompare.base.errors import DataError
from rnncompare.base.files import write_whole
from rnncompare.base.wording import counted, safe
from rnncompare.records import MODEL

DESCRIPTION = """Predict with a model that a run or study kept (keep=best).

  python -m rnncompare.predict results/runs/RUN_ID new.csv
  python -m rnncompare.predict model.pt new.csv --output predictions.csv

DATA has the columns that the model was trained on. Classes and values of sequences need no target; they come with the
probability of each class, or in the target's own units. A forecast reads the target's past and follows the last row of
each series. Of a running text each character gets a row: the bits that it cost, and the likeliest one after it."""


@in_order("nothing was written")
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the predictions as CSV.

    Returns:
        0; 1 where they cannot be written; 2 where there is no model or the data are not what it reads.
    """
    parser = argparse.ArgumentParser(
        prog="python -m rnncompare.predict",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model file, or the folder of a run that kept one")
    parser.add_argument("data", type=Path, metavar="DATA", help="CSV, TSV, Parquet, .npz, .ts, plain text or a folder")
    parser.add_argument("--output", type=Path, help="where the predictions go; the terminal if not given")
    words = parser.parse_args(arguments)
    read = (words.data, words.model, words.model / MODEL)
    if words.output is not None and any(_same(words.output, path) for path in read):
        parser.error(f"--output {safe(words.output)}: a file that is read; another one")
    if words.output is not None and not words.output.absolute().parent.is_dir():
        parser.error(f"--output {safe(words.output)}: a file in a folder that exists")
    from rnncompare.training.kept_model import load_model

    try:
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always", UserWarning)
            found = load_model(words.model).predict(words.data)
    except DataError as error:
        print(f"error: {safe(error)}", file=sys.stderr)
        return 2
    for note in notes:
        print(safe(f"note: {note.message}"), file=sys.stderr)
    if words.output is None:
        print(found.to_csv(index=False), end="")
        return 0
    try:
        write_whole(words.output, found.to_csv(index=False))
    except OSError as error:
        print(safe(f"error: {words.output}: {error.strerror}"), file=sys.stderr)
        return 1
    print(safe(f"{counted(len(found), 'prediction')} in {words.output}"))
    return 0


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


if __name__ == "__main__":
    sys.exit(main())
