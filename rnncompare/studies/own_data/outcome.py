"""What a study of own data ends with: the numbers, before they are put in a table or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.records import MODEL
from rnncompare.studies.own_data.facts import Facts
from rnncompare.studies.own_data.question import Question
from rnncompare.studies.own_data.situation import Situation
from rnncompare.studies.own_data.words import paragraph
from rnncompare.training.settings import OwnModel

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.training.kept_model import KeptModel


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of comparing models on own data.

    Attributes:
        situation: the numbers that the answer rests on.
        facts: what the data say before anything is trained.
        parts: the records of the ``pairs``, of the ``plain`` RNN, of ``half`` of the data and of the ``trials`` of
            rate, width and dropout, as `rnncompare.load_records` gives them; empty tables where there are none.
        question: what was asked.
        kept: identity of the run whose model was kept; None where none was.
        seconds: that it all took.
        understood: how the data were read, in words, with what is to be watched, a line each.
    """

    situation: Situation
    facts: Facts
    parts: Mapping[str, pd.DataFrame]
    question: Question
    kept: str | None
    seconds: float
    understood: tuple[str, ...] = ()

    @property
    def runs(self) -> pd.DataFrame:
        """The records of the pairs, those of their trials included."""
        import pandas as pd

        return pd.concat([self.parts["pairs"], self.parts["trials"]], ignore_index=True)

    @property
    def some_failed(self) -> bool:
        """Whether an error ended a run; one that diverged has none."""
        runs = self.runs
        return "status" in runs and bool((runs["status"] == "failed").any())

    @property
    def answer(self) -> str:
        """Which to take, in a paragraph."""
        return paragraph(self.situation)

    @property
    def model_path(self) -> Path | None:
        """The file of the model that was kept; None where none was."""
        return None if self.kept is None else Path(self.question.results_dir) / self.kept / MODEL

    @property
    def best(self) -> KeptModel:
        """The model that was kept.

        Raises:
            DataError: none was, for lack of time; the same call with a larger budget keeps one.
        """
        from rnncompare.base.errors import DataError
        from rnncompare.training.kept_model import load_model

        if self.model_path is None:
            raise DataError("no model was kept within the budget; the same call with a larger one keeps one")
        models = [run.model for run in self.question.models.values()]
        own = {model.name: model.factory for model in models if isinstance(model, OwnModel)}
        chosen = self.runs.set_index("run_id")["model.name"][self.kept]
        return load_model(self.model_path, own.get(chosen))
