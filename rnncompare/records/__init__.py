"""The record of a run: its fields, written whole or not at all, and read back into one table."""

from rnncompare.records.fields import (
    SCHEMA_VERSION,
    DataFields,
    MemoryFields,
    ModelFields,
    ProvenanceFields,
    QualityFields,
    Record,
    SpeedFields,
)
from rnncompare.records.files import (
    CURVE_COLUMNS,
    NOT_IN_RUN_ID,
    is_recorded,
    plain,
    read_record,
    run_id,
    write_record,
    write_whole,
)
from rnncompare.records.table import RecordWarning, load_curve, load_curves, load_records, read_records, to_frame

__all__ = [
    "CURVE_COLUMNS",
    "NOT_IN_RUN_ID",
    "SCHEMA_VERSION",
    "DataFields",
    "MemoryFields",
    "ModelFields",
    "ProvenanceFields",
    "QualityFields",
    "Record",
    "RecordWarning",
    "SpeedFields",
    "is_recorded",
    "load_curve",
    "load_curves",
    "load_records",
    "plain",
    "read_record",
    "read_records",
    "run_id",
    "to_frame",
    "write_record",
    "write_whole",
]
