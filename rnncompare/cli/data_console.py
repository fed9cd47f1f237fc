"""Data on the terminal: which there are, what one of them holds, and their files fetched and checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from rnncompare import tasks
from rnncompare.base.errors import DataError, SettingError
from rnncompare.base.wording import counted
from rnncompare.composition.compose import CONFIGS
from rnncompare.tasks.contract import IGNORED, Data, Examples, Generated, Task
from rnncompare.tasks.contract.download import PinnedFile

SHOWN_EXAMPLES, SHOWN_STEPS, SHOWN_SYMBOLS, SHOWN_CLASSES, SHOWN_COLUMNS = 3, 12, 30, 12, 8


def overview() -> str:
    """A line for each task: its name, kind, sizes, whether its files are here, and its licence; then the presets."""
    rows = [("data", "kind", "sizes", "files here", "licence")]
    rows += [_row(name, tasks.task_class(name)) for name in tasks.names()]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = ["  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]) for row in rows]
    return "\n".join([*lines, "", *_presets()])


def _presets() -> Iterator[str]:
    """The choices of ``data=`` that are a task with preset settings, with the descriptions in their files."""
    for path in sorted((CONFIGS / "data").glob("*.yaml")):
        if path.stem not in tasks.names():
            comments = itertools.takewhile(lambda line: line.startswith("#"), path.read_text("utf-8").splitlines())
            words = " ".join(line.strip("# ") for line in comments if "@package" not in line)
            yield f"data={path.stem}: {words}"


def _row(name: str, task: type[Task]) -> tuple[str, str, str, str, str]:
    kind = "generated" if issubclass(task, Generated) else "your own" if task.source == "the user" else "real"
    sizes = "the file's" if kind == "your own" else f"{min(task.sizes.values()):,} to {max(task.sizes.values()):,}"
    return name, kind, sizes, _here(task.files), task.licence


def _here(files: Sequence[PinnedFile]) -> str:
    """Whether the ``files`` are here, by folder if there are several."""
    folders: dict[str, list[bool]] = {}
    for file in files:
        folders.setdefault(file.path.partition("/")[0], []).append(file.place().exists())
    words = {name: "yes" if all(here) else "in part" if any(here) else "no" for name, here in folders.items()}
    if len(words) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{name} {here}" for name, here in words.items()) or "-"


def described(name: str, data: Data) -> str:
    """Shapes, lengths, class balance, baseline and three examples of ``data``."""
    lines = [data.understood] if data.understood else []
    lines += [f"{name}, SHA-256 {data.sha256}", ""]
    for part in ("train", "validation", "test"):
        lines.append(f"  {part:<11} {_shape(getattr(data, part))}")
    lines += [f"  at {length:<8} {_shape(examples)}" for length, examples in data.longer.items()]
    lines += [f"  inputs      {_inputs(data)}", f"  targets     {_targets(data)}"]
    if data.train.targets.dtype.kind in "iu":
        lines.append(f"  classes     {_balance(data)}")
    optimum = "" if data.optimum is None else f"; optimum {data.optimum:.4g}"
    better = "higher" if data.objective.higher_is_better else "lower"
    lines.append(f"  baseline    {data.objective.metric} {data.baseline:.4g} ({better} is better{optimum})")
    for i in range(min(SHOWN_EXAMPLES, len(data.train))):
        lines += ["", *_example(data, i)]
    return "\n".join(lines)


def _shape(examples: Examples) -> str:
    lengths = examples.lengths if examples.lengths is not None else np.array([examples.sequence_length])
    least, middle, most = int(lengths.min()), int(np.median(lengths)), int(lengths.max())
    steps = f"{most} steps" if least == most else f"{least} to {most} steps, half of them up to {middle}"
    return f"{len(examples):,} sequences of {steps}"


def _inputs(data: Data) -> str:
    if data.vocabulary is not None:
        return f"{data.vocabulary:,} symbols"
    embedded = [f"embedded columns of {', '.join(f'{count:,}' for count in data.categories)} values"]
    numbers = [counted(data.features or 0, "number")] * bool(data.features)
    return ", ".join([*embedded * bool(data.categories), *numbers]) + " a step"


def _targets(data: Data) -> str:
    if data.train.targets.dtype.kind in "iu":
        what = f"one of {data.objective.outputs:,} classes"
    else:
        what = counted(data.objective.outputs, "number")
    return f"{what} {'at every step' if data.objective.readout == 'every' else 'a sequence'}"


def _balance(data: Data) -> str:
    targets = data.train.targets[data.train.targets != IGNORED]
    counts = np.bincount(targets.ravel(), minlength=data.objective.outputs)
    common = np.argsort(-counts, kind="stable")[:SHOWN_CLASSES]
    shares = [f"{_name(data, i)} {counts[i] / counts.sum():.1%}" for i in common]
    return ", ".join(shares) + ", ..." * (len(counts) > SHOWN_CLASSES)


def _name(data: Data, i: int) -> str:
    name = data.classes[i] if data.classes else str(i)
    return name if name.strip() and name.isprintable() else repr(name)


def _example(data: Data, i: int) -> list[str]:
    one = data.train.take(slice(i, i + 1))
    steps = one.sequence_length if one.lengths is None else int(one.lengths[0])
    if data.classes and data.vocabulary == data.objective.outputs:
        return [
            f"  {_text(array[0], data.classes)}{' -> ' * arrow}" for array, arrow in ((one.inputs, 1), (one.targets, 0))
        ]
    inputs, targets = one.inputs[0][:steps], one.targets[0]
    first = _first_change(inputs)
    most = SHOWN_STEPS if data.vocabulary is None else SHOWN_SYMBOLS
    window = slice(first, first + most)
    place = f" (steps {first + 1} to {min(first + most, steps)} of {steps})" if steps > most else ""
    answer = _answers(targets[:steps][window] if data.objective.readout == "every" else targets, data.classes)
    return [*(f"  {line}" for line in _columns(inputs[window])), f"  -> {answer}{place}"]


def _first_change(steps: np.ndarray) -> int:
    """The step before the first change; the beginning of images and music is blank."""
    changed = (steps != steps[0]).reshape(len(steps), -1).any(1)
    return max(0, int(np.argmax(changed)) - 1)


def _columns(steps: np.ndarray) -> list[str]:
    """A line for each column of numbers; of many columns, those that vary most."""
    if steps.ndim == 1:
        return [_numbers(steps)]
    if steps.shape[1] <= SHOWN_COLUMNS:
        return [_numbers(column) for column in steps.T]
    most = np.sort(np.argsort(-steps.std(0), kind="stable")[:SHOWN_COLUMNS])
    return [
        *(f"column {column:<4} {_numbers(steps[:, column])}" for column in most),
        f"... and {steps.shape[1] - SHOWN_COLUMNS} columns that vary less",
    ]


def _answers(targets: np.ndarray, names: list[str] | None) -> str:
    """The names of targets; a dot where none is scored."""
    if targets.dtype.kind not in "iu":
        many = targets.ndim == 2 and targets.shape[1] > 1
        return f"{targets.shape[1]} numbers at each of these steps" if many else _numbers(targets.ravel())
    called = ["." if i == IGNORED else names[i] if names else str(i) for i in targets.ravel().tolist()]
    return called[0] if targets.ndim == 0 else f"[{' '.join(called)}]"


def _text(symbols: np.ndarray, names: list[str]) -> str:
    return repr("".join(names[symbol] for symbol in symbols[: 4 * SHOWN_STEPS]))


def _numbers(array: np.ndarray) -> str:
    return np.array2string(array, precision=3, suppress_small=True, threshold=200, max_line_width=110)


def fetch(name: str) -> None:
    """Download and check the files of the task called ``name``, or of a folder of data.

    Raises:
        SettingError: there is no such task or folder.
        DataError: a file cannot be fetched.
    """
    files = [file for file in _all_files() if name == file.path.partition("/")[0]]
    if name in tasks.names():
        files = list(tasks.task_class(name).files)
    elif not files:
        there_are = [task for task in tasks.names() if tasks.task_class(task).files]
        raise SettingError("fetch", name, f"one of {', '.join(there_are)}, or a folder of data")
    for file in files:
        file.read()
        print(f"{file.place()}: as it should be")
    if not files:
        print(f"{name} needs no files")


def check() -> bool:
    """Check all files that are here, and return whether each is what it should be."""
    good = True
    for file in _all_files():
        if not file.place().exists():
            print(f"absent  {file.place()}")
            continue
        try:
            file.read()
            print(f"good    {file.place()}")
        except DataError as error:
            good = False
            print(f"bad     {error}")
    return good


def _all_files() -> Iterator[PinnedFile]:
    for name in tasks.names():
        yield from tasks.task_class(name).files
