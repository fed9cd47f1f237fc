"""The record of a run: its fields, written whole or not at all, and read back into one table."""

from rnncompare.records.fields import (
    SCHEMA_VERSION,
    CurvePoint,
    DataFields,
    MemoryFields,
    ModelFields,
    ProvenanceFields,
    QualityFields,
    Record,
    Run,
    SpeedFields,
)
from rnncompare.records.files import (
    CURVE_COLUMNS,
    NOT_IN_RUN_ID,
    is_recorded,
    read_record,
    remove_leftovers,
    run_id,
    set_aside,
    write_record,
)
from rnncompare.records.table import RecordWarning, load_curve, load_curves, load_records, read_records, to_frame

__all__ = [
    "CURVE_COLUMNS",
    "NOT_IN_RUN_ID",
    "SCHEMA_VERSION",
    "CurvePoint",
    "DataFields",
    "MemoryFields",
    "ModelFields",
    "ProvenanceFields",
    "QualityFields",
    "Record",
    "RecordWarning",
    "Run",
    "SpeedFields",
    "is_recorded",
    "load_curve",
    "load_curves",
    "load_records",
    "read_record",
    "read_records",
    "remove_leftovers",
    "run_id",
    "set_aside",
    "to_frame",
    "write_record",
]
