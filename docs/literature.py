"""Hold published numbers against our runs: print the table of docs/literature.md.

    python docs/literature.py

Reads experiments/literature.yaml and the published runs. The mean is over seeds, with Student's 95 % interval; a number
is reproduced if ours is within the task's margin of it.
"""

import math
from pathlib import Path

import yaml
from scipy import stats

import rnncompare
from rnncompare.base.wording import markdown

ROOT = Path(__file__).parents[1]
NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}


def largest_n(run, trained_to):
    """The largest n that the run's network accepts with all tested below it; what it was trained to if none beyond."""
    largest = trained_to
    for name in sorted((name for name in run.index if name.startswith("quality.by_length.")), key=_length):
        if run[name] == run[name]:
            if run[name] < 1:
                break
            largest = _length(name)
    return largest


def _length(name):
    return int(name.rpartition(".")[2])


def scores(row, model, records):
    """Our scores of a row of experiments/literature.yaml, one a seed; in octaves if they are lengths."""
    runs = records[(records["model.name"] == model) & (records["status"] == "completed")]
    for name, value in row["runs"].items():
        runs = runs[runs[f"config.{name}"] == value]
    if row["score"] == "largest_n":
        return [math.log2(largest_n(run, row["runs"]["data.sequence_length"])) for _, run in runs.iterrows()]
    return list(runs[row["score"]])


def compared(row, model, published, records):
    """One line of the table."""
    ours = scores(row, model, records)
    lengths = row["score"] == "largest_n"
    write = (lambda value: f"{2**value:.0f}") if lengths else (lambda value: f"{value:.3g}")
    target = math.log2(published) if lengths else published
    middle = sum(ours) / len(ours)
    low, high = stats.t.interval(0.95, len(ours) - 1, middle, stats.sem(ours))
    apart = middle - target
    answer = "yes" if abs(apart) <= row["margin"] else f"no: {'higher' if apart > 0 else 'lower'}"
    figures = [f"{published:g}", f"{write(middle)} [{write(low)}, {write(high)}]", str(len(ours)), answer]
    return [f"{row['who']}, {row['where']}", f"{row['task']} ({row['unit']})", NAMES[model], *figures]


def table():
    """The table as Markdown."""
    sources = yaml.safe_load((ROOT / "experiments" / "sources.yaml").read_text(encoding="utf-8"))
    rows = []
    for row in yaml.safe_load((ROOT / "experiments" / "literature.yaml").read_text(encoding="utf-8")):
        source = sources[row["paper"]]
        row["who"] = f"{source['author'].split(',')[0].split()[-1]} et al. {source['year']}"
        records = rnncompare.load_records(ROOT / "results" / "published" / row.get("store", "literature"))
        rows += [compared(row, model, published, records) for model, published in row["published"].items()]
    return markdown(["paper", "task", "model", "published", "ours [95 %]", "seeds", "reproduced"], rows)


if __name__ == "__main__":
    print(table())
