"""What runs, sweeps and studies print: the plan, progress, each result as it comes, and a table at the end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tqdm import tqdm

from rnncompare.base.wording import direction, metric_label, safe
from rnncompare.records import Record, load_curve, read_record
from rnncompare.sweep import record_path, recorded
from rnncompare.training.settings import RunSettings


def understood(words: str) -> None:
    """Print how a user's own data were read."""
    print(words, flush=True)


def announce(runs: Mapping[str, RunSettings], missing: Mapping[str, RunSettings]) -> None:
    """Print what is already recorded and what will be trained, and where."""
    folder = ", ".join(sorted({settings.results_dir for settings in runs.values()}))
    have = len(runs) - len(missing)
    many = f"{len(runs)} run" + "s" * (len(runs) != 1)
    print(safe(f"{many} in {folder}: {have} recorded already, {len(missing) or 'nothing'} to train"), flush=True)


class Progress:
    """A bar over a sweep's runs, or over the updates of a single run, with the time left.

    Args:
        missing: the runs to train.
    """

    def __init__(self, missing: Mapping[str, RunSettings]):
        self._single = next(iter(missing.values())) if len(missing) == 1 else None
        self._lost = 0
        total, unit = (self._single.train.max_updates, "update") if self._single else (len(missing), "run")
        # Without a terminal there is no bar; the lines of finished runs show the progress.
        self._bar = tqdm(total=total, unit=unit, disable=None if missing else True, leave=False, dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.close()

    def update(self, name: str, update: int, metric: float) -> None:
        """The run called ``name`` has validated at ``update``."""
        if self._single:
            self._bar.set_postfix(validation=f"{metric:.4g}", refresh=False)
            self._bar.update(update - self._bar.n)

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(safe(text))

    def finished(self, record: Record) -> None:
        """A run has ended and is recorded."""
        if self._single:
            return
        self._lost += record.status != "completed"
        self._bar.write(safe(_line(record)))
        self._bar.set_postfix(failed=self._lost)
        self._bar.update()


def results(runs: Mapping[str, RunSettings]) -> bool:
    """Print everything measured of a single run, or a table of means and intervals over the seeds of many.

    Returns:
        Whether all of them are completed.
    """
    files = [path for name, settings in runs.items() if (path := record_path(name, settings)).exists()]
    if len(runs) == len(files) == 1:
        record = read_record(files[0])
        _single(record, files[0])
        return record.status == "completed"
    from rnncompare.report import tables

    frame = recorded(runs)
    if not len(frame):
        return False
    print()
    print(safe("\n".join([tables.text(tables.summarise(frame)), *tables.of_several_codes(frame)])))
    return len(frame) == len(runs) and bool((frame["status"] == "completed").all())


def _single(record: Record, path: Path) -> None:
    if record.status != "completed":
        print(safe(f"{record.status}: {record.error}"))
    if record.quality.test is not None:
        print(safe(f"\n{_described(record)}\n"))
        measured = _measured(record)
        width = max(map(len, measured))
        for name, value in measured.items():
            print(f"  {name:<{width}}  {value}")
        plot = path.with_name("curve.png")
        if not plot.exists():
            from rnncompare.report.figures.run_times import learning_curve

            try:
                learning_curve(load_curve(path), record.model.name, _described(record), plot, record.quality.metric)
            except OSError as error:
                print(safe(f"\nplot    not written: {plot}: {error.strerror}"))
        if plot.exists():
            print(safe(f"\nplot    {plot}"))
    print(safe(f"record  {path}"))


def _measured(record: Record) -> dict[str, str]:
    quality, model = record.quality, record.model
    better = direction(quality.higher_is_better)
    known = {"baseline": quality.baseline, "optimum": quality.optimum}
    bounds = ", ".join(f"{name} {value:.4g}" for name, value in known.items() if value is not None)
    return {
        f"test {metric_label(quality.metric)}": f"{quality.test:.4g}  ({better}; {bounds})",
        "validation, train": f"{quality.validation:.4g}, {quality.train:.4g}",
        "parameters": f"{model.parameters:,} ({model.recurrent_parameters:,} recurrent)",
        **_cost(record),
        "implementation": f"{model.implementation} on {record.device}, {record.threads} thread(s)",
    }


def _cost(record: Record) -> dict[str, str]:
    """What a run took, as far as that can be told."""
    speed, memory = record.speed, record.memory
    if speed.stacked:
        return {"updates": f"{speed.updates:,}, as one of {speed.stacked} runs trained together: no times of its own"}
    return {
        "updates": f"{speed.updates:,} in {speed.training_seconds:.1f} s",
        "time of an update": f"{speed.step_ms_median:.2f} ms ({speed.step_ms_p10:.2f} to {speed.step_ms_p90:.2f})",
        "peak memory": f"{memory.peak_mb:,.0f} MB ({memory.before_mb:,.0f} MB before the model)",
    }


def _described(record: Record) -> str:
    return (
        f"{record.model.name}, hidden size {record.model.hidden_size}, on {record.data.name} with "
        f"{record.data.train_examples:,} training examples, seed {record.seed}"
    )


def _line(record: Record) -> str:
    """A finished run in one line."""
    examples = record.data.train_examples or record.config["data"]["size"]  # a killed run has not counted them
    what = f"{record.model.name} {record.data.name} n={examples} seed={record.seed}"
    if record.status != "completed":
        return f"{record.status:<9} {what}: {record.error}"
    quality, speed = record.quality, record.speed
    seconds = "" if speed.training_seconds is None else f" in {speed.training_seconds:.1f} s"
    took = f"{speed.updates} updates{seconds}"
    return f"{'done':<9} {what}: test {metric_label(quality.metric)} {quality.test:.4g}, {took}"


class StudyConsole:
    """Prints what a study reports: lines to standard output, bars to standard error."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(safe(text), flush=True)

    def stage(self, name: str, total: int, unit: str) -> StageBar:
        """A bar for a part of the study."""
        return StageBar(name, total, unit)


class StageBar:
    """A bar over many units of work; without a terminal or notebook it prints its progress every half minute.

    Args:
        name: of the part of the study.
        total: units of work; no bar is shown for 0.
        unit: what they are called.
    """

    def __init__(self, name: str, total: int, unit: str):
        often = 0.1 if sys.stderr.isatty() else 1 if "ipykernel" in sys.modules else 30
        self._bar = tqdm(
            total=total,
            desc=name,
            unit=unit,
            mininterval=often,
            maxinterval=often,
            dynamic_ncols=True,
            disable=not total,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.close()

    def update(self, name: str, update: int, metric: float) -> None:
        """A run has validated; there are too many of them to show."""

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(safe(text), file=sys.stderr)

    def finished(self, record: Record) -> None:
        """A run has ended and is recorded."""
        if record.status != "completed":
            model, data = record.model, record.data
            self.note(f"{record.status}: {model.name} on {data.name}, seed {record.seed}: {record.error}")
        self._bar.update()

    def advance(self) -> None:
        """A unit of work is done."""
        self._bar.update()
