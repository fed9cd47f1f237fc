"""Text to show: safe and short, with counts and metrics in words, and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

METRICS = {
    "mean_squared_error": "mean squared error",
    "cross_entropy": "cross-entropy (nats)",
    "bits_per_character": "bits per character",
    "nll_per_frame": "negative log-likelihood (nats per frame)",
}
LEARNED_BY = dict.fromkeys(("accuracy", "bits_per_character"), "cross_entropy")  # metrics that are not the loss itself


def safe(text: object) -> str:
    """``text`` with control characters written out, so that none of them moves a cursor or changes a colour."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in str(text).encode("utf-8", "backslashreplace").decode()
    )


def printable(text: object, longest: int = 80) -> str:
    """``text`` without control characters, cut to ``longest``."""
    shown = "".join(character if character.isprintable() else "?" for character in str(text))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def is_utf8(text: str) -> bool:
    """Whether it can be written as UTF-8: a path may be made of any bytes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def counted(number: object, noun: str) -> str:
    """A number of things, such as ``1 pair`` and ``2,000 pairs``."""
    shown = f"{number:,}" if isinstance(number, int) else str(number)
    return f"{shown} {noun}{'' if shown == '1' else 's'}"


def metric_label(metric: object) -> str:
    """A metric in words, with its unit; of one that is not known, since no run completed, just that it is one."""
    return METRICS.get(metric, metric.replace("_", " ")) if isinstance(metric, str) else "metric"


def loss_label(metric: str | None) -> str:
    """The loss that is minimised where ``metric`` judges, with its unit if it is known."""
    label = METRICS.get(LEARNED_BY.get(metric, metric)) if metric else None
    return f"loss: {label}" if label else "loss"


def direction(higher_is_better: object) -> str:
    """Which way a metric is better; of one that is not known, why."""
    if higher_is_better not in (True, False):
        return "no run completed"
    return f"{'higher' if higher_is_better else 'lower'} is better"


def markdown(columns: Iterable[object], rows: Iterable[Iterable[object]], aligned: bool = False) -> str:
    """A table as Markdown; one that is ``aligned`` reads well as plain text, too."""
    lines = [[str(cell).replace("|", "\\|") for cell in line] for line in (columns, *rows)]
    widths = [max(map(len, column)) if aligned else 0 for column in zip(*lines, strict=True)]
    head, *body = (f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)
    rule = "|".join("-" * (width + 2) if aligned else " --- " for width in widths)
    return "\n".join([head, f"|{rule}|", *body])
