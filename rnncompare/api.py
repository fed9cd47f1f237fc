"""What the commands do, as functions: keyword arguments are the settings by their names.

A setting with a dot goes as ``train={"max_updates": 200}`` or as ``**{"train.max_updates": 200}``.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from rnncompare.base.errors import SettingError, require
from rnncompare.base.isolation import OF_OWN_DATA, preload
from rnncompare.composition import python_settings
from rnncompare.records import Record, read_record
from rnncompare.report.result import Result
from rnncompare.studies.reporter import SILENT, Reporter
from rnncompare.sweep import find_missing, plan, record_path, recorded, stacked_on_gpu, train_all
from rnncompare.tasks.file import File
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.studies.verdicts import Study

__all__ = ["compare", "report", "run", "study", "sweep"]

RESULTS = "results/compare"
Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
_TURNS = threading.RLock()


def _in_turn(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """The function, for one thread at a time: Hydra and matplotlib share state, and runs would share the cores."""

    @functools.wraps(function)
    def called(*arguments: Parameters.args, **settings: Parameters.kwargs) -> Returned:
        with _TURNS:
            return function(*arguments, **settings)

    return called


@_in_turn
def compare(
    data: Any,
    target: str | Sequence[str] | None = None,
    *,
    budget: str | None = None,
    models: Sequence[str | Callable[..., Any]] = ("gru", "lstm"),
    metric: str | None = None,
    plain: bool = True,
    sizes: bool = True,
    pairs: int = 10,
    tune: str | None = None,
    trials: int = 8,
    results_dir: str = RESULTS,
    progress: bool = True,
    **settings: Any,
) -> Result:
    """Which recurrent network suits the data: trained in pairs within a budget, and judged beside honest baselines.

    The same call goes on where the last one ended, and a larger budget adds pairs.

    Args:
        data: a DataFrame, a row a step; what has ``to_pandas`` (a Hugging Face data set); arrays ``(x, y)`` or
            ``(x, y, lengths)`` with ``x`` of ``(N, T, F)``; the path of a file; or a task.
        target: the column to predict, or several quantities; found where that is safe.
        budget: a time such as ``10min``; None for as long as ``pairs`` need.
        models: two or more: names, or `torch.nn.Module` classes or functions that make one. A module of your own is
            made with ``(input_size, hidden_size)``, and ``num_layers``, ``dropout`` and ``bidirectional`` where these
            are set; it reads ``(T, B, input_size)`` and gives ``(T, B, hidden_size)`` and a state, as `torch.nn.GRU`.
        metric: that decides; None for the one that suits the data.
        plain: whether a plain RNN is trained too where time is left.
        sizes: whether half of the data are trained on too where time is left.
        pairs: seeds on which models are compared where there is no budget.
        tune: ``rate``, or ``all`` to tune width and dropout too; None for these where the budget leaves time.
        trials: of rate, width and dropout, for each model of each pair.
        results_dir: where records and the model are kept.
        progress: whether to say how far it is.
        settings: of how data are read (``group``, ``time``, ``window``, ``horizon``, ...) and of the runs.

    Returns:
        The answer: print it or show it in a notebook; ``.table``, ``.pairs``, ``.figure()``, ``.best``.

    Raises:
        SettingError, DataError: the request cannot be met; nothing was trained.
    """
    from rnncompare.models.own_module import name_of
    from rnncompare.report.pages.own_data_page import reported
    from rnncompare.studies.own_data.ask import ask
    from rnncompare.studies.own_data.conduct import conduct
    from rnncompare.studies.study_settings import StudySettings, check_beside_data

    task, settings = python_settings.own_data(data, target, settings)
    words = python_settings.words(settings)
    check_beside_data(words)
    require(isinstance(models, Sequence), "models", models, "two or more names or classes")
    models = models.split(",") if isinstance(models, str) else models
    own = {name_of(model): model for model in models if not isinstance(model, str)}
    about = StudySettings(
        budget=budget,
        models=",".join(model if isinstance(model, str) else name_of(model) for model in models),
        metric=metric,
        plain=plain,
        sizes=sizes,
        pairs=pairs,
        tune=tune,
        trials=trials,
        most_pairs=max(pairs, 50) if isinstance(pairs, Integral) else 50,
        results_dir=str(results_dir) if isinstance(results_dir, Path) else results_dir,
    ).checked()
    preload(*OF_OWN_DATA)
    question = ask(about, words, "rnncompare.compare(...)", task, own)
    outcome = conduct(question, functools.partial(train_all, jobs=-1), _reporter(progress))
    return reported(outcome)


@_in_turn
def run(
    model: str | Callable[..., Any] = "gru", data: Any = "text", *, progress: bool = True, **settings: Any
) -> Record:
    """Train one network and record it, or read the record if it is there already.

    Args:
        model: its name, or a class or function that makes a module, as for `compare`.
        data: name of a task, or a task such as `rnncompare.tasks.from_frame` makes.
        progress: whether to say how far it is.
        settings: others, as ``python -m rnncompare.run --help`` lists them.

    Raises:
        SettingError, DataError: the request cannot be met; nothing was trained.
    """
    request = python_settings.composed({"model": model, "data": data, **settings})
    ((name, wanted),) = _train([request], progress, 1).items()
    return read_record(record_path(name, wanted))


@_in_turn
def sweep(*, progress: bool = True, jobs: int = -1, **settings: Any) -> pd.DataFrame:
    """Train all combinations of settings given as lists, ranges or arrays, and give their records as a table.

    Args:
        progress: whether to say how far it is.
        jobs: runs at a time; -1 for as many as there are cores.
        settings: as those of `run`; one whose value is a list by nature goes as a tuple.

    Raises:
        SettingError, DataError: a request cannot be met; nothing was trained.
    """
    flat = dict(python_settings.flat(settings))
    many = {name: list(value) for name, value in flat.items() if isinstance(value, list | range | np.ndarray)}
    for name, values in many.items():
        require(len(values) > 0, name, flat[name], "one value or more to sweep over")
    chosen = (dict(zip(many, values, strict=True)) for values in itertools.product(*many.values()))
    return recorded(_train([python_settings.composed({**flat, **one}) for one in chosen], progress, jobs))


@_in_turn
def study(claim: str | None = None, data: Any = None, *, progress: bool = True, **settings: Any) -> Study | Result:
    """Judge a claim, several with commas, or all of them; or compare models on own ``data``, as `compare` does.

    Args:
        claim: its name.
        data: own data, in place of a claim.
        progress: whether to say how far it is.
        settings: of the study (``pairs``, ``budget``, ``results_dir``, ...), and ``device`` and ``threads``; those of
            `compare` with ``data``.

    Raises:
        SettingError, DataError: the request cannot be met; nothing was trained.
    """
    from rnncompare.claims import names
    from rnncompare.studies.protocol import asked_for
    from rnncompare.studies.run_study import conduct
    from rnncompare.studies.study_settings import OWN, StudySettings, check_beside_claims, of_preset

    if data is not None:
        require(claim is None, "claim", claim, "none beside data: they are compared by themselves")
        return compare(data, progress=progress, **settings)
    if not isinstance(claim, str):
        raise SettingError("claim", claim, f"all, or of {', '.join(names())}; or data")
    own = {name: settings.pop(name) for name in list(settings) if name in OWN}
    about = StudySettings(claim=claim, **of_preset(own.pop("preset", None)) | own).checked()
    words = python_settings.words(settings)
    check_beside_claims(words)
    claims, tasks = asked_for(claim)
    train = functools.partial(stacked_on_gpu, jobs=-1)
    return conduct(about, claims, tasks, words, train, f"rnncompare.study(claim={claim!r})", _reporter(progress))


@_in_turn
def report(results: str | Path, output: str | Path | None = None) -> Path:
    """Write the page, tables and figures of a study, or of the runs in a folder; the folder that they lie in.

    Raises:
        DataError: there are no readable records.
    """
    from rnncompare.report.__main__ import write_report

    results = Path(results)
    folder = Path(output) if output is not None else results.resolve().parent / "report"
    write_report(results, folder)
    return folder


def _train(requests: Sequence[RunSettings], progress: bool, jobs: int) -> dict[str, RunSettings]:
    """Train what is missing of the runs asked for; all of them by identity."""
    if any(isinstance(request.data, File) for request in requests):
        preload(*OF_OWN_DATA)
    reporter = _reporter(progress)
    runs = plan(requests, reporter.say)
    missing = find_missing(runs)
    with (
        reporter.stage("training", len(missing), "run") as bar,
        contextlib.closing(train_all(missing, bar, jobs)) as finished,
    ):
        for record in finished:
            bar.finished(record)
    return runs


def _reporter(progress: bool) -> Reporter:
    from rnncompare.cli.console import StudyConsole

    return StudyConsole() if progress else SILENT
