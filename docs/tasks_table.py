"""Print the tables of tasks.md from the published records: ``python docs/tasks_table.py``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rnncompare import load_records

PUBLISHED = Path(__file__).parent.parent / "results" / "published"
NAMES = {
    ("text", "tinyshakespeare", "blocks"): "tinyshakespeare",
    ("text", "tinyshakespeare", "end"): "tinyshakespeare, split at its end",
    ("mnist_pixels", "rows", None): "mnist_pixels, by rows",
}


def main() -> None:
    """Print a row a task and one a seed of counting."""
    print(_tasks(load_records(PUBLISHED / "tasks" / "runs")))
    print()
    print(_counting(load_records(PUBLISHED / "counting" / "runs")))


def _tasks(runs: pd.DataFrame) -> str:
    lines = [
        "| task | examples | metric | baseline | optimum | GRU | LSTM | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    known = runs.reindex(columns=["data.name", "config.data.corpus", "config.data.steps", "config.data.split"])
    details = known.astype(object).where(known.notna(), None).itertuples(index=False)
    keys = pd.Series([NAMES.get((task, corpus or steps, split), task) for task, corpus, steps, split in details])
    for (name, examples), group in runs.sort_values("seed").groupby([keys, runs["data.train_examples"]]):
        one = group.iloc[0]
        cells = [_results(group, cell, "quality.test") for cell in ("gru", "lstm")]
        seconds = " / ".join(_results(group, cell, "speed.training_seconds", "{:.0f}") for cell in ("gru", "lstm"))
        optimum = "-" if pd.isna(one["quality.optimum"]) else f"{one['quality.optimum']:.4g}"
        what = [name, f"{examples:,.0f}", one["quality.metric"], f"{one['quality.baseline']:.4g}", optimum]
        lines.append(f"| {' | '.join([*what, *cells, seconds])} |")
    return "\n".join(lines)


def _results(group: pd.DataFrame, cell: str, column: str, form: str = "{:.4g}") -> str:
    values = group.loc[group["model.name"] == cell, column]
    return ", ".join(form.format(value) for value in values) or "not run"


def _counting(runs: pd.DataFrame) -> str:
    """The largest n up to which every n that was tested is accepted, beyond those of training."""
    lengths = sorted(
        (int(name.rpartition(".")[2]), name) for name in runs.columns if name.startswith("quality.by_length.")
    )
    lines = ["| cell | largest n accepted, by seed |", "|---|---|"]
    for cell, group in runs.groupby("model.name"):
        found = []
        for _, run in group.sort_values("seed").iterrows():
            accepted = 50 if run["quality.test"] == 1 else 0
            for n, column in lengths:
                if not accepted or run[column] < 1:
                    break
                accepted = n
            found.append(str(accepted))
        lines.append(f"| {cell} | {', '.join(found)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
