"""A user's own file: what it holds is found where that is safe, said aloud, and always settable."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import ClassVar

from rnncompare.base.errors import require
from rnncompare.tasks.contract import Data, setting
from rnncompare.tasks.user.files.file_type import pin
from rnncompare.tasks.user.files.reading import Layout, Reading
from rnncompare.tasks.user.problem import Problem
from rnncompare.tasks.user.user_data import TEXT_SUFFIXES, Own, read_problem


@dataclass
class File(Layout, Reading, Own):
    """Sequences, a table in time order, labelled texts, plain text or events, in a file.

    Two rows of a file, and what it is read as with ``data.target`` alone::

        case,frame,c1,c2,speaker           classification: which speaker is the case (data.group) of?
        7,0,1.86,-0.20,nine                events, where times are uneven and a column is of names

        date,HUFL,OT                       forecasting: OT from the windows of steps before
        2016-07-01 00:00:00,5.827,30.531

    CSV, TSV and Parquet are tables; of a folder each file is a sequence or series, and a folder within is its class;
    ``.npz`` has x of (N, T, F) and y; ``.ts`` is sktime's; ``.txt`` is language
    modelling.
    """

    path: str | None = setting(None, "the file: CSV, TSV, Parquet, .npz, .ts or plain text, gzip or not; or a folder")
    test_path: str | None = setting(None, "a file like it that is the test split; null: one is split off")
    sha256: str | None = setting(None, "SHA-256 that the file must have (two: of their list); null: that which it has")

    source: ClassVar[str] = "the user"
    licence: ClassVar[str] = "the user's"

    def check(self) -> None:
        super().check()
        self.check_reading()
        self.check_layout()
        require(self.path is not None, "data.path", self.path, "the path of a file")

    def pinned(self) -> File:
        paths = [path for path in (self.path, self.test_path) if path is not None]
        return replace(self, sha256=pin(self.sha256, *paths), kind=self._kind())

    def problem(self) -> Problem:
        assert self.path is not None
        test_path = None if self.test_path is None else Path(self.test_path).expanduser()
        return read_problem(Path(self.path).expanduser(), test_path, replace(self, kind=self._kind()), self)

    def load(self, seed: int) -> Data:
        data = super().load(seed)
        layout = Layout(**{entry.name: getattr(self, entry.name) for entry in fields(Layout)})
        return replace(data, prepared=replace(data.prepared, layout=layout))

    def identity(self) -> str:
        sha256 = self.pinned().sha256
        assert sha256 is not None
        return sha256

    def redrawn(self) -> File | None:
        return None if self.problem().redrawn() is None else replace(self, split="rolling")

    def _kind(self) -> str:
        """The kind where the file's name says it, so that runs on one content under two names are not confused."""
        text = self.kind == "auto" and Path((self.path or "").removesuffix(".gz")).suffix.lower() in TEXT_SUFFIXES
        return "language_modelling" if text else self.kind
