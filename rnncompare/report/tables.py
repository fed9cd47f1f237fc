"""Runs summarised over seeds: one row for each task, model, width and training-set size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rnncompare.base.wording import direction, metric_label, printable
from rnncompare.records import NOT_IN_RUN_ID
from rnncompare.statistics import mean_interval

# Settings with columns of their own in records, or that distinguish replicates.
NO_LABEL = ("seed", "device", "data.name", "data.size", "model.name", "model.hidden_size", "model.parameters")


def label(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Name what each run is a replicate of, so that only runs that differ in their seed are averaged.

    A setting is in the name where runs of one task and model differ in it. A run that failed early has no width or
    number of training examples; they are taken from runs of the same settings, if there are any.

    Args:
        frame: records as `rnncompare.load_records` returns them.

    Returns:
        The frame with three more columns, and the names of the settings that are in some name.
        The new columns are ``task``, the data's name with its varying settings; ``series``, the model's name with all
        other varying settings; and ``variant``, the series with its width if that varies.
    """
    frame = frame.copy()
    settings = [name for name in frame if name.startswith("config.") and name[7:] not in ("seed", *NOT_IN_RUN_ID)]
    replicates = _join(frame, settings)
    for name in ("model.hidden_size", "data.train_examples"):
        frame[name] = frame[name].fillna(frame[name].groupby(replicates).transform("first"))
    labelled = ["device", *(name for name in settings if name[7:] not in NO_LABEL)]
    of_data = _varying(frame, "data.name", [name for name in labelled if name.startswith("config.data.")])
    frame["task"] = _named(frame, "data.name", of_data)
    others = _varying(frame, "task", [name for name in labelled if not name.startswith("config.data.")])
    frame["series"] = _named(frame, "model.name", others)
    widths = frame.groupby(["task", "series", "data.train_examples"], dropna=False)["model.hidden_size"]
    several = (widths.transform("nunique") > 1).groupby([frame["task"], frame["series"]]).transform("any")
    frame["variant"] = frame["series"].where(~several, _join(frame, ["series", "model.hidden_size"], ", "))
    return frame, [*of_data, *others]


def of_several_codes(frame: pd.DataFrame) -> list[str]:
    """A note on each model and task whose runs, averaged as alike, were made by several versions of their code."""
    if "provenance.source_sha256" not in frame:
        return []
    codes = frame.groupby(["model.name", "data.name"])["provenance.source_sha256"].nunique()
    return [
        f"note: the runs of {model} on {data} were made by {count} versions of their code (provenance.source_sha256)"
        for (model, data), count in codes[codes > 1].items()
    ]


def _varying(frame: pd.DataFrame, within: str, names: Sequence[str]) -> dict[str, pd.Series]:
    """The settings that vary between runs of one model in some group, and the rows of the groups where they do."""
    found = {}
    for name in names:
        kinds = _join(frame, [name]).groupby([frame[within], frame["model.name"]]).transform("nunique")
        if kinds.max() > 1:
            found[name] = (kinds > 1).groupby(frame[within]).transform("any")
    return found


def _named(frame: pd.DataFrame, base: str, varying: Mapping[str, pd.Series]) -> pd.Series:
    """A name for each row: that in column ``base``, and the settings that vary there, as `_varying` gives them."""
    here = {name: frame[name].astype(object).where(rows, None) for name, rows in varying.items()}
    return _join(frame.assign(**here), [base, *varying], ", ")


def _join(frame: pd.DataFrame, columns: Sequence[str], separator: str = "\0") -> pd.Series:
    """One text per row, from columns of any type, such as ``adding, sequence_length 100``; nulls are left out."""
    parts = [[_setting(name, value) for value in frame[name]] for name in columns]
    rows = zip(*parts, strict=True) if parts else [()] * len(frame)
    return pd.Series([separator.join(filter(None, row)) for row in rows], index=frame.index, dtype=object)


def _setting(name: str, value: Any) -> str:
    """A setting with its value, or the value alone for names of data and models."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas turns integers beside nulls into floats
    if name == "model.hidden_size":
        return f"{value} units"
    return f"{name.rsplit('.', 1)[-1]} {value}" if name.startswith("config.") else str(value)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts, mean and 95 % interval of the test metric, and costs, over runs that differ only in their seed.

    Args:
        frame: records as `rnncompare.load_records` returns them.

    Returns:
        A row for each task, model (with its other varying settings), width and training-set size. ``quality.test`` is
        the mean over the ``completed`` runs, ``quality.test_low`` and ``quality.test_high`` its interval. Parameters,
        step times, memory and times to target are medians, for which a run that never reached the target counts as
        slower than any other; ``reached_target`` counts those that did. ``run_ids`` names the runs.
    """
    frame, varying = label(frame)
    groups = frame.groupby(["task", "data.train_examples", "variant", "model.hidden_size"], dropna=False)
    summary = pd.DataFrame([_summary(runs, varying) for _, runs in groups])
    for name in varying:
        if summary[name].dtype == object:  # settings of mixed types, which a Parquet column cannot hold
            summary[name] = summary[name].map(str, na_action="ignore")
    return summary


def _summary(runs: pd.DataFrame, varying: list[str]) -> dict[str, Any]:
    """One row of `summarise`, from its runs."""
    first = runs.bfill().iloc[0]  # runs that failed early lack some values
    status = runs["status"].value_counts()
    test = mean_interval(runs.loc[runs["status"] == "completed", "quality.test"].dropna())
    to_target = runs[["speed.updates_to_target", "speed.seconds_to_target"]]
    medians = to_target.fillna(math.inf).median().replace(math.inf, math.nan)
    return {
        **first[["data.name", "model.name", *varying, "model.hidden_size", "data.train_examples"]],
        "runs": len(runs),
        **{name: int(status.get(name, 0)) for name in ("completed", "diverged", "failed")},
        **first[["quality.metric", "quality.higher_is_better"]],
        "quality.test": test.mean,
        "quality.test_low": test.low,
        "quality.test_high": test.high,
        "quality.baseline": runs["quality.baseline"].mean(),
        "quality.optimum": runs["quality.optimum"].mean(),
        **runs[["model.parameters", "speed.step_ms_median", "memory.peak_mb"]].median(),
        "reached_target": int(to_target["speed.updates_to_target"].notna().sum()),
        **medians,
        **first[["task", "series"]],
        "run_ids": " ".join(runs["run_id"]),
    }


def text(summary: pd.DataFrame) -> str:
    """The summary as text, a table for each task.

    Args:
        summary: as `summarise` returns it.
    """
    parts = []
    for task, rows in summary.groupby("task"):
        known = rows.bfill().iloc[0]
        metric = metric_label(known["quality.metric"])
        title = f"{printable(task)}: test {metric}, {direction(known['quality.higher_is_better'])}"
        table = shown(rows).to_string(index=False, na_rep="-")
        parts.append(f"{title}\n{table}\n")
    return "\n".join(parts)


def shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a summary as text, in the columns that a reader needs."""
    lost = [
        "".join(f", {row[name]} {name}" for name in ("diverged", "failed") if row[name]) for _, row in rows.iterrows()
    ]
    cut = rows["series"].map(printable)
    alike = cut.nunique() < rows["series"].nunique()  # once their ends are cut off
    return pd.DataFrame(
        {
            "examples": rows["data.train_examples"].map("{:,.0f}".format, na_action="ignore"),
            "model": rows["series"].map(lambda name: printable(name, len(name))) if alike else cut,
            "width": rows["model.hidden_size"].map("{:.0f}".format, na_action="ignore"),
            "runs": [f"{count}{note}" for count, note in zip(rows["runs"], lost, strict=True)],
            "mean ± 95 %": [
                with_interval(mean, high - mean)
                for mean, high in zip(rows["quality.test"], rows["quality.test_high"], strict=True)
            ],
            "baseline": rows["quality.baseline"].map("{:.4g}".format, na_action="ignore"),
            "parameters": rows["model.parameters"].map("{:,.0f}".format, na_action="ignore"),
            "step ms": rows["speed.step_ms_median"].map("{:.3g}".format, na_action="ignore"),
        }
    )


def with_interval(mean: float, half: float) -> str:
    """A mean and half its interval, with as many digits as the interval warrants; ``-`` if there is no mean."""
    if math.isnan(mean):
        return "-"
    if math.isnan(half):
        return f"{mean:.4g}"
    if half == 0:
        return f"{mean:.4g} ± 0"
    decimals = 1 - math.floor(math.log10(half))
    if decimals > 6:
        return f"{mean:.3g} ± {half:.2g}"
    return f"{mean:.{max(decimals, 0)}f} ± {half:.{max(decimals, 0)}f}"
