"""What a user's own data say before anything is trained: the metric that decides, the test split, and baselines."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import rnncompare
from rnncompare.base.errors import require
from rnncompare.records.parquet_store import read_frame, write_frame
from rnncompare.tasks.contract import Data, Examples
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MARGIN = 0.02  # of the way from the trivial baseline to a perfect score: the difference that matters
BOUNDED = ("accuracy", "balanced_accuracy", "macro_f1", "auc")  # between 0 and 1
FEWEST_SPLITS = 3  # on which baselines are fitted
SMALL_TEST = 200  # examples; of fewer, the luck of the test split is no smaller than that of seeds


@dataclass(frozen=True)
class Facts:
    """What the data say before anything is trained.

    Attributes:
        metric: that decides.
        chosen_because: why that one, if the user did not say so and it is not the usual one; else empty.
        higher_is_better: of the metric.
        trivial: the metric of the best prediction that ignores the inputs, on the first `FEWEST_SPLITS` splits, so that
            what matters does not depend on how many were fitted in time.
        perfect: the best value that the metric can take; None where unknown.
        baselines: a row a baseline: ``model`` and the metrics, means over the splits.
        splits: how many splits the baselines are means over.
        same_test: whether all seeds have the same test split.
        overlap: test examples for each training example, where each seed has its own split of the same data; else 0.
        train_examples: of a full run.
        test_examples: in the test split.
        window: rows that a forecast reads; 0 where it is none.
        redrawn: whether each seed is to have a test split of its own, for the one that all would share is small.
        tables: the baselines on each split.
        trivial_model: the baseline that ``trivial`` is the metric of; empty where it is of none.
    """

    metric: str
    chosen_because: str
    higher_is_better: bool
    trivial: float
    perfect: float | None
    baselines: pd.DataFrame
    splits: int
    same_test: bool
    overlap: float
    train_examples: int
    test_examples: int
    window: int = 0
    redrawn: bool = False
    tables: tuple[pd.DataFrame, ...] = ()
    trivial_model: str = ""

    def over(self, splits: int) -> Facts:
        """The same with baselines that are means over the first so many splits, which networks were scored on."""
        if not 0 < splits < len(self.tables):
            return self
        return dataclasses.replace(self, baselines=_means(self.tables[:splits]), splits=splits)

    def on_splits(self, baseline: str) -> np.ndarray:
        """The metric of a baseline on each split, ``(splits,)``."""
        import numpy as np

        return np.array([table.set_index("model")[self.metric][baseline] for table in self.tables], dtype=float)

    @property
    def trivial_beside(self) -> float:
        """The metric of the trivial baseline on the splits that the other baselines are means over."""
        if not self.trivial_model:
            return self.trivial
        return float(self.baselines.set_index("model")[self.metric][self.trivial_model])

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value that the metric can take."""
        if self.metric in BOUNDED:
            return 0.0, 1.0
        return 0.0 if self.perfect == 0 and not self.higher_is_better else -math.inf, math.inf

    @property
    def margin(self) -> float:
        """The difference that matters, in units of the metric."""
        perfect = self.perfect if self.perfect is not None else 0.0
        return MARGIN * abs(perfect - self.trivial)

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """The best baseline and its metric; None where there are none."""
        if self.metric not in self.baselines:
            return None
        values = self.baselines.set_index("model")[self.metric].dropna()
        if not len(values):
            return None
        name = values.idxmax() if self.higher_is_better else values.idxmin()
        return str(name), float(values[name])


def facts_of(
    settings: RunSettings,
    metric: str | None,
    seeds: int,
    seconds: float,
    fitted: Sequence[pd.DataFrame],
    send: Callable[[object], None],
) -> Facts:
    """Load the data and fit the baselines, on as many splits as ``seconds`` allow, but on `FEWEST_SPLITS` in any case.

    Runs in a process of its own.

    Args:
        settings: of a run.
        metric: that the user asked for, or None.
        seeds: splits at most.
        seconds: after which no further split is begun.
        fitted: the baselines on the first splits, as `kept_baselines` has them; these are not fitted again.
        send: hears of how many splits are fitted at most, and then of each that is done.

    Raises:
        SettingError: the data have no such metric.
        DataError: the data cannot be read.
    """
    import time

    import pandas as pd

    from rnncompare.tasks.contract.metrics import HIGHER_IS_BETTER, deciding_metric, known_metrics
    from rnncompare.tasks.contract.objectives import BitsPerCharacter
    from rnncompare.tasks.contract.simple_models import simple_models
    from rnncompare.tasks.file import File
    from rnncompare.tasks.user.user_data import Own

    began = time.monotonic()
    task = settings.data.pinned()
    data, other = task.load(0), task.load(1)
    usual = data.objective.metric
    known = [*known_metrics(data.objective)] if data.prepared is not None else []
    valid = f"one of {', '.join(dict.fromkeys([usual, *known]))}"
    require(metric is None or metric in {usual, *known}, "study.metric", metric, valid)
    decides = metric or (deciding_metric(data) if known else usual)
    because = "a class is rare, and accuracy says little of it" if decides != usual and metric is None else ""
    same_test = (isinstance(task, File) and task.test_path is not None) or _same(data.test, other.test)
    redrawn = task.redrawn() if same_test and len(data.test) < SMALL_TEST and isinstance(task, Own) else None
    if redrawn is not None:
        task, same_test = redrawn, False
        data, other = task.load(0), task.load(1)
    language = isinstance(data.objective, BitsPerCharacter) and data.prepared is not None
    splits = 0 if not known and not language else 1 if same_test and _same_examples(data.train, other.train) else seeds
    tables = list(fitted[:splits])
    send(splits - len(tables))
    for seed in range(len(tables), splits):
        if seed >= FEWEST_SPLITS and time.monotonic() - began > seconds:
            break
        tables.append(simple_models(task.load(seed) if seed > 1 else (data, other)[seed]))
        send(seed)
    baselines = _means(tables) if tables else pd.DataFrame()
    higher = HIGHER_IS_BETTER.get(decides, data.objective.higher_is_better)
    trivial_model, trivial = _trivial(data, decides, higher, _means(tables[:FEWEST_SPLITS]) if tables else baselines)
    return Facts(
        metric=decides,
        chosen_because=because,
        higher_is_better=higher,
        trivial=trivial,
        perfect=data.optimum if data.optimum is not None else 1.0 if higher else 0.0,
        baselines=baselines,
        splits=len(tables),
        same_test=same_test,
        overlap=0.0 if same_test or data.prepared is None else len(data.test) / task.train_examples(),
        train_examples=task.train_examples(),
        test_examples=len(data.test),
        window=data.prepared.window if data.prepared is not None else 0,
        redrawn=redrawn is not None,
        tables=tuple(tables),
        trivial_model=trivial_model,
    )


def _same(one: Examples, other: Examples) -> bool:
    """Whether splits of two seeds are the same, whose numbers each scales by its own train split."""
    import numpy as np

    if one.targets.shape != other.targets.shape or not np.array_equal(_lengths(one), _lengths(other)):
        return False
    compared = [(one.targets, other.targets)]
    if one.lengths is None or one.inputs.dtype.kind == "f":  # each split has a vocabulary of its own for texts
        compared.append((one.inputs, other.inputs))
    used = np.arange(one.inputs.shape[1]) < _lengths(one)[:, None]
    return all(
        a.shape == b.shape and np.allclose(_unscaled(a, used), _unscaled(b, used), rtol=1e-3, atol=1e-4)
        for a, b in compared
    )


def _same_examples(one: Examples, other: Examples) -> bool:
    """Whether two train splits have the same examples, in whatever order: whether their sums are the same."""
    import numpy as np

    def sums(values: np.ndarray) -> np.ndarray:
        return np.sort(values.reshape(len(values), -1).sum(1, dtype=np.float64))

    return len(one) == len(other) and all(
        np.allclose(sums(a), sums(b), rtol=1e-4, atol=1e-3)
        for a, b in ((one.inputs, other.inputs), (one.targets, other.targets))
    )


def _lengths(examples: Examples) -> np.ndarray:
    import numpy as np

    steps = examples.inputs.shape[1]
    return np.full(len(examples), steps) if examples.lengths is None else examples.lengths


def _unscaled(values: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Numbers with mean 0 and variance 1 over the steps in use, whatever they were scaled by; classes as they are."""
    import numpy as np

    if values.dtype.kind != "f":
        return values
    rows = values[used] if values.shape[:2] == used.shape else values
    rows = rows.astype(np.float64)
    spread = np.nanstd(rows, axis=0)
    return np.nan_to_num((rows - np.nanmean(rows, axis=0)) / np.where(spread > 0, spread, 1.0))


def _means(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Of each baseline over splits."""
    import pandas as pd

    return pd.concat(tables).groupby("model", sort=False).mean().reset_index()


def _trivial(data: Data, metric: str, higher: bool, baselines: pd.DataFrame) -> tuple[str, float]:
    """The best of the predictions that learn nothing from the inputs, if it is a baseline, and its metric."""
    if metric not in baselines:
        return "", data.baseline
    from rnncompare.tasks.contract.simple_models import TRIVIAL

    known = baselines[baselines["model"].isin([*TRIVIAL, *data.naive])]
    known = known.set_index("model")[metric].dropna()
    if not len(known):
        return "", data.baseline
    best = known.idxmax() if higher else known.idxmin()
    return str(best), float(known[best])


def keep_baselines(path: Path, tables: Sequence[pd.DataFrame]) -> None:
    """Write the baselines on each split where `kept_baselines` finds them, whole or not at all."""
    import pandas as pd

    rows = pd.concat(table.assign(split=split) for split, table in enumerate(tables))
    write_frame(path, rows.assign(version=rnncompare.__version__))


def kept_baselines(path: Path) -> list[pd.DataFrame]:
    """The baselines on the first splits as an earlier call fitted them; none where there are none that can be read."""
    rows = read_frame(path)
    known = rows is not None and {"model", "split", "version"} <= set(rows)
    if rows is None or not known or set(rows["version"]) != {rnncompare.__version__}:
        return []
    return [table.drop(columns=["split", "version"]).reset_index(drop=True) for _, table in rows.groupby("split")]
