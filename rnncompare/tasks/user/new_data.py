"""New data for a kept model: read as those were that it was trained on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted
from rnncompare.tasks.contract import Examples
from rnncompare.tasks.user import sequences, series, texts
from rnncompare.tasks.user.arrays import read_npz, read_sktime
from rnncompare.tasks.user.checked_arrays import Arrays, from_list, from_padded
from rnncompare.tasks.user.columns.date_parts import JOINED, add_clock, join_date
from rnncompare.tasks.user.columns.features import Encoder, refuse_missing
from rnncompare.tasks.user.columns.frequency import find_frequency, times_after, usual_step
from rnncompare.tasks.user.columns.levels import MOST_UNSEEN, unseen
from rnncompare.tasks.user.columns.likely import join_group
from rnncompare.tasks.user.columns.roles import Roles
from rnncompare.tasks.user.columns.times import find_time
from rnncompare.tasks.user.files.corpora import blocks_of
from rnncompare.tasks.user.files.file_type import beginning, form_of, unpacked
from rnncompare.tasks.user.files.tables import FILE, Table, read_table
from rnncompare.tasks.user.files.thousands import Marks
from rnncompare.tasks.user.prepared import CHARACTER, SEQUENCE, Prepared
from rnncompare.tasks.user.problem import fits, pad_rows

HOLE = 3  # rows that are missing, beyond weekends and holidays
FAR = 100  # standard deviations from the mean of training: likely another unit, or no value at all


def read(prepared: Prepared, data: Table | Arrays) -> tuple[Examples, pd.DataFrame]:
    """New data as inputs, and for each prediction to come a row that says of what it is.

    Raises:
        DataError: a column is missing or cannot be read, or every series is too short for a window; a warning names
            those that are, where others are not.
    """
    if isinstance(data, Arrays):
        return _of_arrays(prepared, data)
    table = replace(data, frame=data.frame.copy(deep=False), time_form=prepared.time_form, clock=prepared.clock)
    if prepared.group == FILE and FILE not in table.frame:
        table.frame[FILE] = Path(table.name).name
    join_group(table, prepared.group)
    if prepared.time == JOINED:
        join_date(table, [prepared.group])
    wanted = [name for name in (prepared.group, prepared.time, prepared.clock, prepared.text) if name]
    made = {sequences.GAP, *(series.ahead_of(name, prepared.horizon) for name in prepared.known)}
    wanted += [name for name in (prepared.encoder.names if prepared.encoder else []) if name not in made]
    table.frame = table.frame.rename(columns=_without_names(wanted, table.frame.columns))
    for name in wanted:
        if name not in table.frame:
            missing = f"column {name}" if name != JOINED else "columns of year, month, ... that are dates together"
            raise DataError(f"{table.name}: no {missing}, which the model reads; it reads {', '.join(wanted)}")
    _warn_of_marks(prepared, table, wanted)
    find_time(table, [], prepared.time)
    if prepared.clock is not None and prepared.time is not None:
        add_clock(table, prepared.time)
    if prepared.group is not None:
        table.name_as_written(prepared.group)
    for name, levels in prepared.encoder.levels.items() if prepared.encoder else ():
        if name in table.frame:
            for note in unseen(table, name, levels):
                warnings.warn(note, stacklevel=2)
    match prepared.form:
        case "texts":
            return _of_texts(prepared, table)
        case "running text":
            return _of_running_text(prepared, table)
        case "forecast":
            return _of_series(prepared, table)
        case _:
            return _of_sequences(prepared, table)


def _warn_of_marks(prepared: Prepared, table: Table, wanted: Sequence[str]) -> None:
    """Warn of numbers that may have separators of thousands.

    Raises:
        DataError: they likely have, by what is known of the training data.
    """
    if table.marks == Marks():
        return
    try:
        notes = (prepared.marks | table.marks).of(wanted).notes(table.name, settable=False)
    except DataError as error:
        if prepared.marks != Marks():
            raise
        notes = [f"{error}"]
    for note in notes:
        warnings.warn(note, stacklevel=3)


def _without_names(wanted: Sequence[str], there: Sequence[str]) -> dict[str, str]:
    """The ``wanted`` columns by what they are called instead: an index without a name, and its column in a file."""
    renamed: dict[str, str] = {}
    for i in range(1, 1 + len(wanted)):
        alike = {f"unnamed{i}", f"level{i}", *(("time", "index") if i == 1 else ())}
        for name in alike & set(wanted) - set(there):
            renamed |= dict.fromkeys(sorted(alike & set(there))[:1], name)
    return renamed


def _roles(prepared: Prepared) -> Roles:
    kind = "events" if prepared.events else "classification"
    return Roles(kind, [prepared.target], prepared.group, prepared.time, prepared.text)


def _of_sequences(prepared: Prepared, table: Table) -> tuple[Examples, pd.DataFrame]:
    assert prepared.encoder is not None
    ordered, lengths = sequences.in_order(table, _roles(prepared), 1)
    if prepared.events and prepared.time is not None:
        gaps = sequences.gaps(ordered.frame[prepared.time], lengths)
        ordered = replace(ordered, frame=ordered.frame.assign(**{sequences.GAP: gaps}))
    first = np.cumsum(lengths) - lengths
    _warn_of_unseen(prepared.encoder, ordered)
    inputs = pad_rows(prepared.encoder.rows(ordered), first, lengths, int(lengths.max()))
    said = ordered.frame[[name for name in (prepared.group, prepared.time) if name is not None]].reset_index(drop=True)
    if prepared.form == "steps":
        return Examples(inputs, inputs, lengths), said.assign(**{SEQUENCE: np.repeat(np.arange(len(lengths)), lengths)})
    return Examples(inputs, inputs, lengths), said.iloc[first][[prepared.group]].reset_index(drop=True)


def _warn_of_unseen(encoder: Encoder, table: Table) -> None:
    """Warn of numbers unlike any in training: missing where no indicator tells the network, or far away."""
    for name in encoder.mean:
        column, rows = table.place(name), f"of {len(table.frame):,}"
        if name not in encoder.masked and (missing := int(table.frame[name].isna().sum())):
            warnings.warn(
                f"{column}: {counted(missing, 'value')} {rows} missing, where none was in training; the mean of "
                "training takes their place",
                stacklevel=3,
            )
        if far := int((np.abs(encoder.scaled(table, name)) > FAR).sum()):
            warnings.warn(
                f"{column}: {counted(far, 'value')} {rows} further than {FAR} standard deviations from the "
                "mean of training",
                stacklevel=3,
            )


def _of_arrays(prepared: Prepared, data: Arrays) -> tuple[Examples, pd.DataFrame]:
    assert prepared.encoder is not None
    names = [f"x{i}" for i in range(data.rows.shape[1])]
    if names != prepared.encoder.names:
        if len(names) == len(prepared.encoder.names):
            raise DataError(
                f"{data.name}: the model reads columns by name, {', '.join(prepared.encoder.names)}; give a table"
            )
        raise DataError(f"{data.name}: {len(names)} features; the model reads {len(prepared.encoder.names)}")
    if not data.lengths.all():
        raise DataError(f"{data.name}: sequence {int(np.argmin(data.lengths))} has no steps, or none with a value")
    table = Table(pd.DataFrame(data.rows, columns=names), data.name)
    _warn_of_unseen(prepared.encoder, table)
    rows = prepared.encoder.rows(table)
    inputs = pad_rows(rows, np.cumsum(data.lengths) - data.lengths, data.lengths, int(data.lengths.max()))
    numbers = np.arange(len(data.lengths))
    if prepared.form == "steps":
        of_steps = np.repeat(numbers, data.lengths)
        return Examples(inputs, inputs, data.lengths), pd.DataFrame({SEQUENCE: of_steps, "sequence": of_steps})
    return Examples(inputs, inputs, data.lengths), pd.DataFrame({"sequence": numbers})


def _of_series(prepared: Prepared, table: Table) -> tuple[Examples, pd.DataFrame]:
    assert prepared.encoder is not None
    ordered, lengths = series.in_order(table, _roles(prepared))
    if prepared.known:
        ordered = replace(ordered, frame=series.with_known(ordered.frame, prepared.known, prepared.horizon, lengths))
    ends = _where_targets_end(prepared, ordered, lengths)
    windows = ends[:, None] + np.arange(-prepared.window, 0)
    _warn_of_unseen(prepared.encoder, replace(ordered, frame=ordered.frame.iloc[windows.reshape(-1)]))
    inputs = prepared.encoder.rows(ordered)[windows]
    taken = (prepared.group, prepared.time, *prepared.target.split(","))
    step = "step" if "step" not in taken else "step ahead"
    said = pd.DataFrame({step: np.tile(np.arange(1, prepared.horizon + 1), len(ends))})
    if prepared.group is not None:
        labels = ordered.frame[prepared.group].iloc[ends - 1].to_numpy()
        said.insert(0, prepared.group, np.repeat(labels, prepared.horizon))
    if prepared.time is not None and ordered.frame[prepared.time].dtype.kind == "M":
        said.insert(0, prepared.time, _times_of_forecasts(prepared, ordered.frame[prepared.time], ends))
    return Examples(inputs, inputs), said


def _where_targets_end(prepared: Prepared, ordered: Table, lengths: np.ndarray) -> np.ndarray:
    """The row after the last whose target is known, of each series that has a window of rows up to there.

    Raises:
        DataError: none has, or what is known in advance ends too early.
    """
    given = ordered.frame[prepared.target.split(",")].notna().all(axis=1).to_numpy()
    ends = np.cumsum(lengths)
    read = np.array([np.flatnonzero(part).max(initial=-1) + 1 for part in np.split(given, ends[:-1])])
    if prepared.known and (lengths - read < prepared.horizon).any():
        raise DataError(
            f"{ordered.name}: {', '.join(prepared.known)} must be known {prepared.horizon} rows beyond the last "
            f"{prepared.target} of each series; add rows in which {prepared.target} is empty"
        )
    if not prepared.known and (read < lengths).any():
        left = counted(int((lengths - read).sum()), "row")
        warnings.warn(
            f"{ordered.name}: {left} after the last {prepared.target} not read; forecasts begin there", stacklevel=3
        )
    enough = read >= prepared.window
    if not enough.all():
        short = f"{ordered.name}: a series of {read.min()} rows; the model reads {prepared.window}"
        if not enough.any():
            raise DataError(short)
        names = ordered.frame[prepared.group].iloc[ends - 1][~enough].astype(str).tolist()
        warnings.warn(f"no forecast of {prepared.group} {', '.join(names)}: {short}", stacklevel=3)
    return (ends - lengths + read)[enough]


def _times_of_forecasts(prepared: Prepared, times: pd.Series, ends: np.ndarray) -> np.ndarray:
    """When the steps of the forecasts are that follow the rows before ``ends`` (N,), ``(N * horizon,)``.

    With columns that are known in advance, these rows are there; else they come at the frequency of training, unless
    rows of the new data come at quite another one.
    """
    found: list[pd.Timestamp] = []
    others, holes = list[str](), 0
    ahead = prepared.horizon if prepared.known else 0
    for end in ends + ahead:
        first = end - ahead - prepared.window
        last, own = times.iloc[end - 1], find_frequency(times.iloc[first:end])
        frequency = prepared.frequency or own or "1D"
        if own is not None and not 0.5 <= usual_step(last, own) / usual_step(last, frequency) <= 2:
            others.append(own)
            frequency = own
        steps = (last - times.iloc[first]).total_seconds() / usual_step(last, frequency)
        holes += steps - (end - first - 1) >= HOLE
        found += times.iloc[end - ahead : end].tolist() if ahead else times_after(last, frequency, prepared.horizon)
    if others:
        warnings.warn(
            f"rows come at another frequency than in training, {others[0]} in place of {prepared.frequency}",
            stacklevel=2,
        )
    if holes:
        warnings.warn(
            f"the last {prepared.window + ahead} rows of {holes:,} of {len(ends):,} series lack {HOLE} rows or more; "
            "each row counts as one step",
            stacklevel=2,
        )
    return np.array(found, "M8[ns]")


def _of_texts(prepared: Prepared, table: Table) -> tuple[Examples, pd.DataFrame]:
    assert prepared.text is not None
    assert prepared.symbols is not None
    refuse_missing(table, prepared.text, "the text")
    number = {symbol: code for code, symbol in enumerate(prepared.symbols, start=1)}
    cut = [texts.symbols_of(str(text), prepared.units) or [""] for text in table.frame[prepared.text]]
    lengths = np.array([len(symbols) for symbols in cut])
    codes = np.array([number.get(symbol, 0) for symbols in cut for symbol in symbols])
    if (unknown := float((codes == 0).mean())) > MOST_UNSEEN:
        warnings.warn(
            f"{table.place(prepared.text)}: {unknown:.0%} of the {prepared.units} were not seen in training",
            stacklevel=2,
        )
    inputs = pad_rows(codes, np.cumsum(lengths) - lengths, lengths, int(lengths.max()))
    return Examples(inputs, inputs, lengths), pd.DataFrame({"row": table.frame.index})


def _of_running_text(prepared: Prepared, table: Table) -> tuple[Examples, pd.DataFrame]:
    """The characters in windows end to end, the last of which may be shorter."""
    assert prepared.classes is not None
    refuse_missing(table, CHARACTER, "the character")
    count, window = len(table.frame), prepared.window
    lengths = np.diff([*range(0, count, window), count])
    fits(table.name, len(lengths), window, len(prepared.classes), "predict for a part of it at a time")
    inputs = pad_rows(prepared.numbers(table.frame[CHARACTER]), np.cumsum(lengths) - lengths, lengths, window)
    return Examples(inputs, inputs, lengths), table.frame[[CHARACTER]].reset_index(drop=True)


def arrays_without_targets(x: Any, lengths: Any = None, name: str = "arrays") -> Arrays:
    """Sequences to predict for: ``(N, T, F)`` or ``(N, T)``, with ``lengths`` ``(N,)`` where padded, or a list of them.

    Raises:
        DataError: they are no numbers of such a shape.
    """
    y = np.zeros(len(x))
    if isinstance(x, list) and lengths is None:
        return from_list(x, y, name)
    return from_padded(x, y, name, lengths=lengths)


def read_new(path: Path, prepared: Prepared) -> Table | Arrays:
    """The table or arrays in a file, as `read` takes them; a text file is laid out as that of training was.

    Raises:
        DataError: the file cannot be read.
    """
    with unpacked(path) as plain:
        if prepared.form == "running text":
            text = "".join(blocks_of(plain, prepared.layout.encoding)())
            return Table(pd.DataFrame({CHARACTER: list(text)}), str(path))
        form = "text" if plain.is_dir() else form_of(plain, beginning(plain))
        if form == "npz":
            return read_npz(plain, targets=False)
        if form == "ts":
            return read_sktime(plain)[0]
        return read_table(plain, prepared.layout if form == "text" else None, prepared.texts)
