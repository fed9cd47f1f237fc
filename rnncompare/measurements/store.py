"""What probes gave: a file a replicate, measured once, read back into one table."""

from rnncompare.measurements.files import (
    FOLDER,
    SCHEMA_VERSION,
    ProbeRecord,
    Request,
    is_measured,
    probe_id,
    read_probe,
    write_probe,
)
from rnncompare.measurements.measuring import Measured, measure_missing, missing
from rnncompare.measurements.table import load_probes, read_probes

__all__ = [
    "FOLDER",
    "SCHEMA_VERSION",
    "Measured",
    "ProbeRecord",
    "Request",
    "is_measured",
    "load_probes",
    "measure_missing",
    "missing",
    "probe_id",
    "read_probe",
    "read_probes",
    "write_probe",
]
