"""How a user's data are to be read: the settings that say what is not to be guessed."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.errors import require
from rnncompare.tasks.contract import setting

KINDS = ("classification", "regression", "forecasting", "text_classification", "language_modelling", "events")
UNITS = ("characters", "words")


@dataclass
class Reading:
    """What a user says of their data; what is left at its default is found from the data."""

    kind: str = setting("auto", f"auto, or one of {', '.join(KINDS)}")
    target: str | None = setting(None, "the column to predict; null: found where that is safe")
    group: str | None = setting(None, "the column that says which sequence a row belongs to; null: found")
    time: str | None = setting(None, "the column that orders rows; null: found, or the order of the file")
    categorical: tuple[str, ...] = setting((), "columns of numbers that are names of things, to be embedded")
    ignore: tuple[str, ...] = setting((), "columns to leave out")
    window: int | None = setting(None, "steps read for a forecast, or characters of a window of text; null: found")
    horizon: int = setting(1, "steps ahead that are forecast, all at once")
    season: int | None = setting(None, "steps of a season, for the seasonal naive forecast; null: from the time stamps")
    units: str = setting("auto", "what texts to classify are cut into: auto, characters or words")
    min_length: int = setting(2, "steps that a sequence must have; a file with a shorter one is refused")

    def check_reading(self) -> None:
        """Raise `SettingError` for settings that no data could meet."""
        require(self.kind in ("auto", *KINDS), "data.kind", self.kind, f"auto, or one of {', '.join(KINDS)}")
        require(self.units in ("auto", *UNITS), "data.units", self.units, "auto, characters or words")
        for name in ("window", "horizon", "season", "min_length"):
            value = getattr(self, name)
            require(value is None or value >= 1, f"data.{name}", value, "a whole number from 1")
