"""Quotation marks in a table of text: whether each that opens a cell also closes one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from rnncompare.tasks.user.file_type import HEAD, blocks


def unpaired(path: Path, encoding: str, delimiter: str) -> int | None:
    """The line of the first cell that opens with a quotation mark and does not end with one, as RFC 4180 wants.

    Python's `csv` judges, for it can be strict. It is shown lines with a mark alone: others neither open nor close.
    """
    if not any(b'"' in block for block in blocks(path)):
        return None
    record: list[int] = []  # lines with a mark of the record that is being read

    def lines() -> Iterator[str]:
        # any encoding but UTF-16 has ASCII's delimiters and marks, which Latin-1 finds without a failure
        with path.open(encoding=encoding if encoding.startswith("utf-16") else "latin-1", newline="") as file:
            for number, line in enumerate(iter(lambda: file.readline(HEAD), ""), start=1):
                if '"' in line:
                    record.append(number)
                    yield line

    limit = csv.field_size_limit(HEAD)
    try:
        for _ in csv.reader(lines(), delimiter=delimiter, strict=True):
            record.clear()
    except csv.Error:
        return record[0]
    finally:
        csv.field_size_limit(limit)
    return None
