"""A study as it is published: its book and three tables, of its runs alone, without this machine's paths.

``records.parquet``, ``curves.parquet`` and ``probes.parquet`` stand for the files of each run and probe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from rnncompare.errors import DataError
from rnncompare.records.files import write_whole
from rnncompare.records.store import NAME, read_frame, write_frame

if TYPE_CHECKING:
    import pandas as pd

RECORDS, CURVES, PROBES = NAME, "curves.parquet", "probes.parquet"
_PATH_SETTINGS = ("results_dir", "path", "test_path")
# an absolute path in a text: /a/b, ~/a or C:\\a, but no part of a URL or of a fraction
_ABSOLUTE = re.compile(r"(?<![\w:/.~])(?:~?/[^\s/'\"=,;:()\[\]]+(?:/[^\s/'\"=,;:()\[\]]+)+|~/[^\s'\"=,;:()\[\]]+|[A-Za-z]:\\[^\s'\"=,;]+)/?")
