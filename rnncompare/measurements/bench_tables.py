"""The figures of a benchmark as tables: every case, ratios to torch's own modules, and GRU against LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnncompare.base.machine import EXCLUSIVE_BELOW
from rnncompare.base.wording import counted
from rnncompare.measurements.cases import Case

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.measurements.interleaved_timing import Measured

CASE = ["part", "T", "B", "I", "H", "threads"]
MEASURES = {"forward": "forward", "forward_backward": "fwd+bwd", "update": "update"}


@dataclass
class Results:
    """What a benchmark found.

    Attributes:
        measured: each case that did not fail, in order, with what was measured.
        training_loop: a row for each cell: the training loop against a bare one.
        stacked: a row for each cell: an update of many runs as one, against that of one run by torch's own module.
        failures: cases that ended without a result, each with the reason.
        hardware: the name of the processor.
    """

    hardware: str
    measured: list[tuple[Case, Measured]] = field(default_factory=list)
    training_loop: list[dict[str, Any]] = field(default_factory=list)
    stacked: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def disagreements(self) -> list[str]:
        """Contenders that should compute the same as their reference and do not."""
        return [line for _, measured in self.measured for line in measured.disagreements]

    @property
    def notices(self) -> list[str]:
        """Contenders that cannot be made on this machine, each once."""
        return list(dict.fromkeys(line for _, measured in self.measured for line in measured.notices))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of all cases."""
        return [row for _, measured in self.measured for row in measured.rows]


def to_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The rows of `interleaved_timing.Measured`, each with its time relative to others of its case and measure.

    ``to_torch`` is the time divided by that of torch's module of the same cell, ``to_lstm`` by that of the LSTM with
    the same implementation; null if there is none.
    """
    import pandas as pd

    frame = pd.DataFrame(rows)
    if not frame.empty:
        frame["to_torch"] = ratio(frame, "implementation", "torch")
        frame["to_lstm"] = ratio(frame, "cell", "lstm")
    return frame


def ratio(frame: pd.DataFrame, column: str, baseline: str) -> pd.Series:
    """Median times divided by those of the rows that differ only in ``column``, which is ``baseline`` there."""
    keys = [name for name in (*CASE, "measure", "cell", "implementation") if name != column]
    base = frame.loc[frame[column] == baseline, [*keys, "ms_median"]].rename(columns={"ms_median": "base"})
    return frame["ms_median"] / frame[keys].merge(base, how="left", on=keys)["base"].set_axis(frame.index)


def means(frame: pd.DataFrame, column: str, by: list[str]) -> pd.DataFrame:
    """Geometric mean and largest value of a column of ratios over the grid, for each group of rows.

    Args:
        frame: as `to_frame` returns it.
        column: of ratios.
        by: the columns that define a group.
    """
    from scipy.stats import gmean

    grid = frame[frame["part"] == "grid"].dropna(subset=[column])
    groups = grid.groupby(by, sort=False)[column]
    return groups.agg(mean=lambda ratios: float(gmean(ratios)), worst="max", shapes="size")


def text(results: Results) -> str:
    """Everything that a benchmark prints."""
    frame = to_frame(results.rows)
    parts = [_case(case_rows) for _, case_rows in frame.groupby(CASE, sort=False)] if len(frame) else []
    if len(frame):
        parts += [_ratios(frame, "to_torch", "Time over that of torch's own module", ["cell", "implementation"])]
        gru = frame[frame["cell"] == "gru"]
        parts += [_ratios(gru, "to_lstm", "GRU over LSTM, by implementation", ["implementation"])]
    if results.training_loop:
        parts.append(_training_loop(results.training_loop))
    if results.stacked:
        parts.append(_stacked(results.stacked))
    parts += [_notes(results)]
    return "\n\n".join(part for part in parts if part)


def _case(rows: pd.DataFrame) -> str:
    """The contenders of one case, a line each; only the grid has more than updates to show."""
    import pandas as pd

    first = rows.iloc[0]
    if first["part"] != "grid":
        return ""
    contenders = ["cell", "implementation"]
    table = pd.DataFrame(index=pd.MultiIndex.from_frame(rows[contenders].drop_duplicates()))
    for measure, short in MEASURES.items():
        mine = rows[rows["measure"] == measure].set_index(contenders)
        table[f"{short} ms"] = [f"{m:.2f} ({a:.2f}-{b:.2f})" for m, a, b in _triples(mine)]
        table[f"{short} seq/s"] = mine["sequences_per_second"].map("{:,.0f}".format)
        table[f"{short} GFLOP/s"] = mine["gflops"].map("{:.0f}".format)
        table[f"{short} of peak"] = mine["peak_share"].map("{:.0%}".format)
        table[f"{short} / torch"] = mine["to_torch"].map("{:.2f}".format, na_action="ignore")
    both = rows[rows["measure"] == "forward_backward"].set_index(contenders)
    ran = both["ran"].where(both["ran"] != both.index.get_level_values("implementation"), "")
    table.insert(0, "ran", ran)
    table["MiB"] = both["memory_mb"].map("{:.1f}".format, na_action="ignore")
    shown = ["forward ms", "fwd+bwd ms", "update ms", "update seq/s", "fwd+bwd GFLOP/s", "fwd+bwd of peak", "MiB"]
    shown += ["forward / torch", "fwd+bwd / torch", "update / torch"]
    title = (
        f"T={first['T']} B={first['B']} I={first['I']} H={first['H']}, {counted(first['threads'], 'thread')}, "
        f"{first['dtype']} on {first['device']}; product peak {first['peak_gflops']:.0f} GFLOP/s"
    )
    shown = (["ran"] if ran.any() else []) + shown
    return f"{title}\n{table[shown].reset_index().to_string(index=False, na_rep='-')}"


def _triples(rows: pd.DataFrame) -> list[tuple[float, float, float]]:
    return list(rows[["ms_median", "ms_p10", "ms_p90"]].itertuples(index=False, name=None))


def _ratios(frame: pd.DataFrame, column: str, title: str, by: list[str]) -> str:
    """Geometric means over the shapes, the largest in brackets; a column for each measure and number of threads."""
    found = means(frame, column, [*by, "measure", "threads"])
    if found.empty:
        return ""
    shown = (found["mean"].map("{:.2f}".format) + found["worst"].map(" ({:.2f})".format)).unstack(
        ["measure", "threads"]
    )
    order = [(measure, threads) for measure in MEASURES for threads in sorted(frame["threads"].unique())]
    shown = shown.reindex(columns=order).reindex(frame[by].drop_duplicates().pipe(_index, by)).dropna(how="all")
    shown.columns = [f"{MEASURES[measure]}, {threads} thr" for measure, threads in shown.columns]
    shapes = counted(found["shapes"].max(), "shape")
    return (
        f"{title}: geometric mean over {shapes}, and the largest\n"
        f"{shown.reset_index().to_string(index=False, na_rep='-')}"
    )


def _index(frame: pd.DataFrame, by: list[str]) -> pd.Index:
    import pandas as pd

    return pd.Index(frame[by[0]], name=by[0]) if len(by) == 1 else pd.MultiIndex.from_frame(frame)


def _training_loop(rows: list[dict[str, Any]]) -> str:
    import pandas as pd

    first = rows[0]
    table = pd.DataFrame(
        {
            "cell": [row["cell"] for row in rows],
            "ran": [row["ran"] for row in rows],
            "rnncompare.training.loop ms": [f"{row['train_ms']:.2f}" for row in rows],
            "bare loop ms": [f"{row['bare_ms']:.2f}" for row in rows],
            "ratio": [f"{row['ratio']:.3f} ({row['ratio_p10']:.3f}-{row['ratio_p90']:.3f})" for row in rows],
            "updates of each": [row["updates"] for row in rows],
        }
    )
    shape = f"T={first['T']} B={first['B']} H={first['H']}, {first['vocabulary']} symbols"
    title = f"The training loop against a bare one, {shape}, {counted(first['threads'], 'thread')}"
    return f"{title}\n{table.to_string(index=False)}"


def _stacked(rows: list[dict[str, Any]]) -> str:
    import pandas as pd

    first = rows[0]
    table = pd.DataFrame(
        {
            "cell": [row["cell"] for row in rows],
            "ran": [row["stack_ran"] for row in rows],
            "torch.nn, one run ms": [f"{row['torch_ms']:.2f}" for row in rows],
            f"ours, one run ms ({first['ran']})": [f"{row['alone_ms']:.2f}" for row in rows],
            f"{first['runs']} runs as one ms": [f"{row['stacked_ms']:.2f}" for row in rows],
            "over one of torch.nn": [
                f"{row['to_one']:.2f} ({row['to_one_p10']:.2f}-{row['to_one_p90']:.2f})" for row in rows
            ],
        }
    )
    shape = f"T={first['T']} B={first['B']} I={first['I']} H={first['H']}"
    title = f"An update of {first['runs']} runs trained as one, {shape}, on {first['device']}"
    return f"{title}\n{table.to_string(index=False, na_rep='-')}"


def _notes(results: Results) -> str:
    lines = [f"not available: {line}" for line in results.notices]
    disturbed = [(measured.other_load, case) for case, measured in results.measured]
    disturbed = [(load, case) for load, case in disturbed if load >= EXCLUSIVE_BELOW]
    lines += [
        f"other processes kept {load:.1f} cores busy during {case}: not to be relied on" for load, case in disturbed
    ]
    lines += [f"disagrees, not timed: {line}" for line in results.disagreements]
    lines += [f"failed: {line}" for line in results.failures]
    return "\n".join(lines)
