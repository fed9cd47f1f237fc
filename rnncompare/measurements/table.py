"""All replicates of all probes as one table, a row each."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError
from rnncompare.measurements.files import FOLDER, ProbeRecord, read_probe
from rnncompare.records import RecordWarning, flat

if TYPE_CHECKING:
    import pandas as pd


def read_probes(results_dir: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """The replicates in a results folder.

    Returns:
        One row a replicate, with dotted names as columns: ``probe_id``, ``probe``, ``replicate``, ``settings.*``,
        ``values.*``, ``provenance.*`` and ``path``; no row, and just the first of them, where nothing was measured.
        And one line for each file that was skipped: torn, foreign, edited, of another schema, or not of its own name.
    """
    import pandas as pd

    records: dict[Path, ProbeRecord] = {}
    skipped = []
    for file in sorted((Path(results_dir) / FOLDER).glob("*.json")):
        try:
            record = read_probe(file)
        except DataError as error:
            skipped.append(str(error))
            continue
        if record.probe_id == file.stem:
            records[file] = record
        else:
            skipped.append(f"{file}: a copy of {record.probe_id}")
    rows = [dict(flat(asdict(record))) | {"path": str(file)} for file, record in records.items()]
    frame = pd.DataFrame(rows, columns=None if rows else ["probe_id", "probe", "replicate", "path"])
    numbers = [name for name in frame if name.startswith("values.")]
    return frame.astype(dict.fromkeys(numbers, "float64")), skipped


def load_probes(results_dir: str | Path) -> pd.DataFrame:
    """The table of `read_probes`, with one `RecordWarning` that names the files skipped, if there are any."""
    frame, skipped = read_probes(results_dir)
    if skipped:
        warnings.warn("not counted:\n" + "\n".join(skipped), RecordWarning, stacklevel=2)
    return frame
