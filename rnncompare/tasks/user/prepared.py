"""What a kept model needs beside its weights: how data were prepared, and what its outputs mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnncompare.tasks.user.columns.features import Encoder
from rnncompare.tasks.user.files.reading import Layout
from rnncompare.tasks.user.files.thousands import Marks

if TYPE_CHECKING:
    import pandas as pd


CHARACTER = "character"  # the column of a running text
SEQUENCE = "\0sequence"  # a column of the rows of steps, which says of which sequence each is; no file has it


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """How data were prepared; plain values only, so that it can be saved beside weights.

    Attributes:
        form: ``sequences`` (a target a sequence), ``steps`` (a target a step), ``forecast``, ``texts`` or
            ``running text``.
        target: what is predicted.
        encoder: of the columns; None for texts.
        group: the column that tells sequences or series apart; None where arrays do, or there is one.
        time: the column that orders rows, or None.
        time_form: in which the times in that column were written, as `times.find_time` says.
        clock: the column of times of day that is added to dates, or None.
        frequency: how often a row of a forecast comes, as `frequency.find_frequency` says; None where it has no times.
        layout: what the user said of the text file.
        marks: what the marks between its digits may be.
        events: whether the time since the last row is an input.
        ahead: steps between a row and the row whose target it predicts.
        window: rows that a forecast reads, or characters after which the model of a running text begins anew.
        horizon: steps that a forecast gives.
        known: columns that are read ``horizon`` steps ahead too.
        text: the column of texts, or of the characters of one.
        units: what texts are cut into: characters or words.
        symbols: these, from number 1 on.
        classes: names of the classes, of which a character is one; None for values.
        mean: of the values before they were scaled, ``(K,)``; of several targets of a forecast, step after step.
        spread: their standard deviation.
    """

    form: Literal["sequences", "steps", "forecast", "texts", "running text"]
    target: str
    encoder: Encoder | None = None
    group: str | None = None
    time: str | None = None
    time_form: str | None = None
    clock: str | None = None
    frequency: str | None = None
    layout: Layout = field(default_factory=Layout)
    marks: Marks = field(default_factory=Marks)
    events: bool = False
    ahead: int = 0
    window: int = 0
    horizon: int = 1
    known: Sequence[str] = ()
    text: str | None = None
    units: str = ""
    symbols: list[str] | None = None
    classes: list[str] | None = None
    mean: list[float] | None = None
    spread: list[float] | None = None

    def state(self) -> dict[str, Any]:
        """Plain values, from which `from_state` makes it again."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Prepared:
        """What `state` was taken of."""
        encoder = None if state["encoder"] is None else Encoder(**state["encoder"])
        layout, marks = Layout(**state.get("layout", {})), Marks(**state.get("marks", {}))
        return cls(**{**state, "encoder": encoder, "layout": layout, "marks": marks})

    @property
    def texts(self) -> list[str]:
        """The columns that were text in training."""
        levels = self.encoder.levels if self.encoder is not None else {}
        found = [name for name, values in levels.items() if any(isinstance(value, str) for value in values)]
        return found if self.text is None else [*found, self.text]

    def predictions(self, outputs: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
        """Outputs of the network in words and units: ``rows`` with the prediction, and the probability of each class.

        Args:
            outputs: ``(N, K)``, or ``(N, T, K)`` with a target a step, of all sequences that `new_data.read` gave.
            rows: as it gave them.
        """
        if self.form == "running text":
            return self._characters(outputs.reshape(-1, outputs.shape[-1])[: len(rows)], rows)
        if self.form == "steps":
            steps = rows.groupby(SEQUENCE, sort=False)[SEQUENCE].transform("size").to_numpy()
            first = np.flatnonzero(~rows[SEQUENCE].duplicated().to_numpy())
            used = np.arange(outputs.shape[1]) < steps[first][:, None]
            outputs, rows = outputs[used], rows.drop(columns=SEQUENCE)
        if self.classes is not None:
            odds = np.exp(outputs - outputs.max(-1, keepdims=True))
            shares = odds / odds.sum(-1, keepdims=True)
            found = rows.assign(**{self.target: np.array(self.classes, object)[shares.argmax(-1)]})
            return found.assign(**{f"p({name})": shares[:, i] for i, name in enumerate(self.classes)})
        assert self.mean is not None
        assert self.spread is not None
        values = outputs * np.array(self.spread) + np.array(self.mean)
        names = self.target.split(",") if len(self.mean) > 1 else [self.target]
        if self.form == "forecast":
            values = values.reshape(-1, len(names))
        elif len(names) != len(self.mean):  # of arrays
            names = [f"{self.target}{i}" for i in range(len(self.mean))]
        return rows.assign(**{name: values[:, i] for i, name in enumerate(names)})

    def numbers(self, characters: Sequence[str]) -> np.ndarray:
        """The number of each character by which the model of a running text knows it; the last stands for all others.

        Args:
            characters: ``(R,)``.
        """
        assert self.classes is not None
        number = {symbol: code for code, symbol in enumerate(self.classes[:-1])}
        return np.array([number.get(symbol, len(number)) for symbol in characters], np.intp)

    def _characters(self, outputs: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
        """Of each character the bits it cost, given those before it, and the likeliest after it."""
        from scipy.special import log_softmax

        assert self.classes is not None
        log_p = log_softmax(outputs, axis=-1)
        following = self.numbers(rows[CHARACTER].iloc[1:])
        bits = -log_p[np.arange(len(following)), following] / np.log(2)
        likeliest = log_p.argmax(-1)
        return rows.assign(
            bits=[np.nan, *bits],
            **{self.target: np.array(self.classes, object)[likeliest], f"p({self.target})": np.exp(log_p.max(-1))},
        )
