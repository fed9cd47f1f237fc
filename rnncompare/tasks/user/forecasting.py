"""Forecasting: the next values of columns of a table in time order, from the columns of the steps before."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract import Data, Examples, Regression, stream
from rnncompare.tasks.user.columns.features import Encoder, as_numbers
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.prepared import Prepared
from rnncompare.tasks.user.problem import Problem
from rnncompare.tasks.user.splits import HELD_OUT, ROLLED, Splitting, bounds, place_of

SEEDS_TRIED = 16  # whose splits must all have windows before a series is split from moving origins unasked
LARGEST_WINDOWS = 1 << 27  # bytes of windows that a training set of full size may take
MOST_HELD_OUT = 10_000  # windows in the validation or test split; of more, so many are taken at even distances
ROLLING = f"split from an origin that the seed moves; each takes {ROLLED:.0%} of a series"


@dataclass
class Forecasting(Problem):
    """One or several series, each the rows of a table from a start on.

    Each series is cut in its order into train, validation and test, wholly or from an origin that the seed moves; or
    whole series are held out. An example is a window of rows and the target in those that follow; its split is the one
    that these lie in, and its window may reach back into the split before. Targets and inputs are scaled by the train
    part. A series that is too short for a window gives none.

    Attributes:
        table: a row a step.
        features: columns that are read, the targets among them.
        categorical: those of them that are embedded.
        targets: the K columns to forecast.
        lengths: rows of each series.
        window: steps that are read.
        horizon: steps that are forecast.
        season: steps of a season, or None.
        given_test: how many of the series, at the end, are the test split as given.
        group: the column that tells series apart, or None.
        time: the column that orders rows, or None.
        held: shares of validation and test.
        split: as ``data.split``; rolling, if the seed moves the origin.
        by_group: how whole series are split; None where each is cut.
        known: columns that are also read ``horizon`` steps ahead.
        frequency: of the rows, as `frequency.find_frequency` says.
    """

    table: Table
    features: list[str]
    categorical: list[str]
    targets: list[str]
    lengths: np.ndarray
    window: int
    horizon: int
    season: int | None
    given_test: int = 0
    group: str | None = None
    time: str | None = None
    held: tuple[float, float] = (HELD_OUT, HELD_OUT)
    split: str | None = None
    by_group: Splitting | None = None
    known: tuple[str, ...] = ()
    frequency: str | None = None

    def __post_init__(self) -> None:
        self._values = np.stack([as_numbers(self.table, name) for name in self.targets], 1)
        self._missing = np.cumsum(np.concatenate(([0], ~np.isfinite(self._values).all(1))))
        self._largest = len(self._origins(0)[1][0])

    def redrawn(self) -> Forecasting | None:
        if self.split is not None or self.given_test:
            return None
        with contextlib.suppress(DataError):
            found = replace(self, split="rolling", understood=[*self.understood, ROLLING])
            for seed in range(SEEDS_TRIED):
                found._origins(seed)
            return found
        return None

    def _bounds(self, seed: int) -> np.ndarray:
        """Of each series, ``(4,)`` rows where its train, validation and test part begin, and where that ends."""
        if self.by_group is None:
            return bounds(self.lengths, self.given_test, self.held, place_of(seed) if self.split == "rolling" else None)
        parts = self.by_group.parts(seed, 0)
        found = np.zeros((len(self.lengths), 4), int)
        for first, series in enumerate((parts.train, parts.validation, parts.test), start=1):
            found[series, first:] = self.lengths[series, None]
        return found

    def _origins(self, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Which rows are in train, ``(R,)``, and the rows from which targets begin in train, validation and test."""
        train_rows = np.zeros(len(self._values), bool)
        origins: list[list[np.ndarray]] = [[], [], []]
        for start, limits in zip(np.cumsum(self.lengths) - self.lengths, self._bounds(seed), strict=True):
            train_rows[start + limits[0] : start + limits[1]] = True
            for part, low, high in zip(origins, limits, limits[1:], strict=False):
                first = low + self.window if part is origins[0] else max(low, self.window)
                found = np.arange(start + first, start + high - self.horizon + 1)
                part.append(found[self._missing[found + self.horizon] == self._missing[found]])
        joined = [np.concatenate(part) for part in origins]
        self._require_windows(joined, train_rows)
        return train_rows, joined

    def _require_windows(self, origins: list[np.ndarray], train_rows: np.ndarray) -> None:
        for part, split in zip(origins, ("train", "validation", "test"), strict=True):
            if not len(part):
                rows = int(self.lengths.max())
                raise DataError(
                    f"{self.name}: no window of {self.window} steps and {self.horizon} to forecast fits the {split} "
                    f"part; the longest series has {rows} rows; lower data.window or data.horizon"
                )
        for name, values in zip(self.targets, self._values[train_rows].T, strict=True):
            if np.nanmin(values) == np.nanmax(values):
                raise DataError(f"{self.name}: column {name} is constant in the train part; nothing to learn")
            with np.errstate(over="ignore"):
                spread = np.nanstd(values)
            if not 0 < spread < np.inf:
                size = "small" if spread == 0 else "large"
                raise DataError(
                    f"{self.name}: the numbers of column {name} are too {size} to be squared; give it in another unit"
                )

    def largest(self) -> int:
        bytes_each = 4 * self.window * (len(self.features) + 1)
        return min(self._largest, max(1000, LARGEST_WINDOWS // bytes_each))

    def load(self, count: int, seed: int) -> Data:
        train_rows, (train, validation, test) = self._origins(seed)
        if len(train) < count < self.largest():
            raise DataError(
                f"{self.name}: the split of seed {seed} leaves {len(train)} windows; lower data.size={count}"
            )
        encoder = Encoder.fit(self.table, self.features, self.categorical, train_rows)
        rows = encoder.rows(self.table)
        mean, spread = ([of[name] for name in self.targets] for of in (encoder.mean, encoder.scale))
        scaled = (self._values - mean) / spread
        chosen = stream(seed, "train").permutation(len(train))[:count]
        held, tested = _thinned(validation), _thinned(test)
        test_examples = self._examples(rows, scaled, tested)
        naive = self._naive(scaled, tested)
        errors = {name: float(np.mean((said - test_examples.targets) ** 2)) for name, said in naive.items()}
        return Data(
            self._examples(rows, scaled, train[chosen]),
            self._examples(rows, scaled, held),
            test_examples,
            objective=Regression(outputs=self.horizon * len(mean), readout="last"),
            baseline=min(errors.values()),
            sha256="",
            features=encoder.width - len(encoder.categories),
            categories=encoder.categories,
            understood="baselines: "
            + ", ".join(f"{name} {error:.4g}" for name, error in errors.items())
            + _of_more(validation, test),
            naive=naive,
            prepared=Prepared(
                form="forecast",
                target=",".join(self.targets),
                encoder=encoder,
                group=self.group,
                time=self.time,
                time_form=self.table.time_form,
                clock=self.table.clock,
                marks=self.table.marks,
                frequency=self.frequency,
                window=self.window,
                horizon=self.horizon,
                known=list(self.known),
                mean=mean * (self.horizon if len(mean) > 1 else 1),
                spread=spread * (self.horizon if len(mean) > 1 else 1),
            ),
        )

    def _examples(self, rows: np.ndarray, scaled: np.ndarray, origins: np.ndarray) -> Examples:
        inputs = rows[origins[:, None] + np.arange(-self.window, 0)]
        targets = scaled[origins[:, None] + np.arange(self.horizon)].astype(np.float32)
        return Examples(inputs, targets.reshape(len(origins), -1))

    def _naive(self, scaled: np.ndarray, origins: np.ndarray) -> dict[str, np.ndarray]:
        """Forecasts at ``origins``, ``(N, horizon * K)``: the last value known, and that a season before.

        Where a value that they would repeat is missing, they repeat the one before it; where the series begins later,
        the seasonal one repeats the last value.
        """
        import pandas as pd

        starts = np.cumsum(self.lengths) - self.lengths
        first, known = starts[np.searchsorted(starts, origins, side="right") - 1], scaled
        if np.isnan(scaled).any():
            series = np.repeat(np.arange(len(self.lengths)), self.lengths)
            known = pd.DataFrame(scaled).groupby(series).ffill().fillna(0).to_numpy()
        ahead = np.arange(self.horizon)
        said = {"last value": np.tile(known[origins - 1], self.horizon)}
        if self.season is not None:
            back = self.season * (ahead // self.season + 1)  # whole seasons, so that what is repeated is known
            repeated = origins[:, None] + ahead - back
            there = repeated >= first[:, None]
            if there.any():
                repeated = np.where(there, repeated, origins[:, None] - 1)
                said[f"seasonal naive ({self.season})"] = known[repeated].reshape(len(origins), -1)
        return said


def _of_more(validation: np.ndarray, test: np.ndarray) -> str:
    """How many windows those of the validation and test split are taken from, where they are not all."""
    splits = {"validation": len(validation), "test": len(test)}
    more = " and ".join(f"{count:,} in {name}" for name, count in splits.items() if count > MOST_HELD_OUT)
    return f"; scored on {MOST_HELD_OUT:,} windows at even distances, of {more}" if more else ""


def _thinned(origins: np.ndarray) -> np.ndarray:
    if len(origins) <= MOST_HELD_OUT:
        return origins
    return origins[np.linspace(0, len(origins) - 1, MOST_HELD_OUT).astype(np.intp)]
