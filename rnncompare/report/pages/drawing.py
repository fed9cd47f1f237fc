"""What the pages share: figures drawn into the page and saved beside it, and what tasks and models are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from rnncompare.base.wording import printable
from rnncompare.report.figures import svg
from rnncompare.report.figures.canvas import NARROW

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZES = ("data.size", "data.train_examples")


@dataclass(frozen=True)
class Drawn:
    """A figure of the page: its title, what it shows, its element, and whether it has several panels side by side."""

    title: str
    description: str
    svg: Markup
    wide: bool = False


@dataclass
class Plotter:
    """Draws the figures of a page.

    Attributes:
        folder: where those that are saved go; it exists.
        written: the PNG files saved; each has an SVG beside it.
        drawn: how many figures there are.
    """

    folder: Path
    written: list[Path] = field(default_factory=list)
    drawn: int = 0

    def draw(self, figure: Figure, title: str, description: str, name: str, saved: bool = True) -> Drawn:
        """The element of a figure.

        Args:
            figure: to be drawn.
            title: over it.
            description: what it shows, for the line below it and for those who cannot see it.
            name: of the files.
            saved: as PNG and SVG, too.
        """
        if saved:
            self.written.append(self.folder / f"{name}.png")
            text = svg.save(figure, self.written[-1])
        else:
            text = svg.text(figure)
        words = printable(f"{title}: {description}", 400)
        self.drawn += 1
        return Drawn(
            title, description, Markup(svg.inline(text, f"f{self.drawn}", words)), figure.get_figwidth() > NARROW
        )


@dataclass(frozen=True)
class TaskName:
    """What a reader calls a task, and what it varies; the latter is empty where it varies nothing."""

    title: str
    axis: str

    def condition(self, value: object) -> str:
        """A value with what it is a value of."""
        return f"{self.axis} {value}".strip()


def task_names(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, TaskName]:
    """The tasks of a study, as its manifest has them."""
    return {
        name: TaskName(
            title=str(task.get("scale", {}).get("title") or task.get("title") or name),
            axis=axis_name(str(task.get("axis", ""))),
        )
        for name, task in tasks.items()
    }


def axis_name(axis: str) -> str:
    """What is varied, in words."""
    return "training examples" if axis in SIZES else axis.rpartition(".")[2].replace("_", " ")


def model_name(overrides: Iterable[str]) -> str:
    """A model by its settings, such as ``lstm, forget bias 1, hidden size 64``."""
    words = [word.partition("=") for word in overrides]
    return ", ".join(v if k == "model" else f"{k.rpartition('.')[2].replace('_', ' ')} {v}" for k, _, v in words)
