"""Data in words: which there are, and what one of them holds."""

from __future__ import annotations

import numpy as np

from rnncompare import tasks
from rnncompare.tasks.contract import IGNORED, Data, Examples, Generated, Task

SHOWN_EXAMPLES, SHOWN_STEPS, SHOWN_CLASSES = 3, 12, 12


def overview() -> str:
    """A line for each task: its name, kind, sizes, whether its files are here, and its licence."""
    rows = [("data", "kind", "sizes", "files here", "licence")]
    rows += [_row(name, tasks.task_class(name)) for name in tasks.names()]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    return "\n".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )


def _row(name: str, task: type[Task]) -> tuple[str, str, str, str, str]:
    kind = "generated" if issubclass(task, Generated) else "your own" if task.source == "the user" else "real"
    sizes = "the file's" if kind == "your own" else f"{min(task.sizes.values()):,} to {max(task.sizes.values()):,}"
    here = sum(file.place().exists() for file in task.files)
    return name, kind, sizes, f"{here} of {len(task.files)}" if task.files else "-", task.licence


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
    embedded = f"{len(data.categories)} embedded columns of {data.categories} values, " * bool(data.categories)
    return f"{embedded}{data.features} numbers a step"


def _targets(data: Data) -> str:
    what = "classes" if data.train.targets.dtype.kind in "iu" else "numbers"
    return (
        f"{data.objective.outputs:,} {what}, {'at every step' if data.objective.readout == 'every' else 'a sequence'}"
    )


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
    target = one.targets[0][: min(steps, SHOWN_STEPS)] if data.objective.readout == "every" else one.targets[0]
    shown = data.classes[target] if data.classes and target.ndim == 0 else _numbers(target)
    more = f" ... ({steps} steps)" if steps > SHOWN_STEPS else ""
    inputs = _numbers(one.inputs[0][: min(steps, SHOWN_STEPS)].T)
    return [f"  {inputs.replace(chr(10), chr(10) + '  ')}{more}", f"  -> {shown}"]


def _text(symbols: np.ndarray, names: list[str]) -> str:
    return repr("".join(names[symbol] for symbol in symbols[: 4 * SHOWN_STEPS]))


def _numbers(array: np.ndarray) -> str:
    return np.array2string(array, precision=3, suppress_small=True, threshold=200, max_line_width=110)
