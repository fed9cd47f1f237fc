"""Sequences: many short series or event streams, with one target each, or one a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract import IGNORED, Classification, Data, Examples, Objective, Regression
from rnncompare.tasks.contract.baselines import majority_accuracy, mean_squared_error
from rnncompare.tasks.user.columns.features import Encoder, as_numbers, is_classes, refuse_missing
from rnncompare.tasks.user.columns.order import refuse_same_times
from rnncompare.tasks.user.columns.roles import IN_ROWS, Roles
from rnncompare.tasks.user.columns.targets import Target, classes, values
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.leaks import of_sequences
from rnncompare.tasks.user.prepared import Prepared
from rnncompare.tasks.user.problem import Problem, columns_of_numbers, fits, masked, pad_rows, rows_of, spanned
from rnncompare.tasks.user.splits import Splitting, enough, groups_of, splitting

if TYPE_CHECKING:
    import pandas as pd


GAP = "time since the last event"  # a column that is added to event streams


@dataclass
class Sequences(Problem):
    """Sequences that lie one after the other in the rows of a table.

    Attributes:
        table: a row a step.
        features: columns that are read.
        categorical: those of them that are embedded.
        lengths: ``(N,)`` rows of each sequence.
        target: of each sequence, or of each row.
        splitting: how they are split.
        ahead: steps between a row and the row whose target it predicts: 1 for the next event.
        roles: of the columns of a table; None for arrays.
        name_of_target: what is predicted.
    """

    table: Table
    features: list[str]
    categorical: list[str]
    lengths: np.ndarray
    target: Target
    splitting: Splitting
    ahead: int = 0
    roles: Roles | None = None
    name_of_target: str = "y"

    @property
    def every(self) -> bool:
        """Whether there is a target a step."""
        return len(self.target.values) != len(self.lengths)

    def largest(self) -> int:
        return self.splitting.largest()

    def load(self, count: int, seed: int) -> Data:
        parts = self.splitting.parts(seed, count)
        own = np.zeros(len(self.lengths), bool)
        own[parts.train] = True
        rows = np.repeat(own, self.lengths)
        encoder = Encoder.fit(self.table, self.features, self.categorical, rows)
        targets, scale = self.target.values, None
        if self.target.classes is None:
            scale = self.target.scale(rows if self.every else own)
            targets = ((targets - scale[0]) / scale[1]).astype(np.float32)
        longest = int(self.lengths[parts.train].max()) - self.ahead
        train = self._empty(targets, parts.train[:count], encoder.width, longest)
        validation, test = (self._empty(targets, part, encoder.width) for part in (parts.validation, parts.test))
        self._fill([(train, parts.train[:count]), (validation, parts.validation), (test, parts.test)], encoder)
        baseline, said = self._baseline(train, test), ""
        if self.ahead and self.target.classes:
            repeated = self._repeated(parts.test)
            said = f"baselines: commonest class {baseline:.4g}, the last event again {repeated:.4g}"
            baseline = max(baseline, repeated)
        return Data(
            train,
            validation,
            test,
            objective=self._objective(),
            baseline=baseline,
            sha256="",
            features=encoder.width - len(encoder.categories),
            categories=encoder.categories,
            classes=self.target.classes,
            understood=said,
            prepared=Prepared(
                form="steps" if self.every else "sequences",
                target=self.name_of_target,
                encoder=encoder,
                group=self.roles.group if self.roles else None,
                time=self.roles.time if self.roles else None,
                time_form=self.table.time_form,
                clock=self.table.clock,
                marks=self.table.marks,
                events=GAP in self.features,
                ahead=self.ahead,
                classes=self.target.classes,
                mean=None if scale is None else scale[0].tolist(),
                spread=None if scale is None else scale[1].tolist(),
            ),
        )

    def _empty(self, targets: np.ndarray, part: np.ndarray, width: int, longest: int | None = None) -> Examples:
        """The examples of a split with their targets, inputs yet to be filled in."""
        starts, lengths = self._spans(part)
        longest = longest or int(lengths.max())
        fits(self.name, len(part), longest, width, "cut the longest ones, or leave them out")
        inputs = np.zeros((len(part), longest, width), np.float32)
        if self.every:
            fill = IGNORED if self.target.classes else 0
            chosen = pad_rows(targets, starts + self.ahead, lengths, longest, fill)
        else:
            chosen = targets[part]
        return Examples(inputs, chosen, None if (lengths == longest).all() else lengths)

    def _spans(self, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where sequences start among the rows, and how many rows are read of each."""
        return (np.cumsum(self.lengths) - self.lengths)[part], self.lengths[part] - self.ahead

    def _fill(self, splits: list[tuple[Examples, np.ndarray]], encoder: Encoder) -> None:
        """Write the inputs of all splits column by column, so that memory holds no more than one beside them."""
        for i, column in enumerate(encoder.columns(self.table)):
            for examples, part in splits:
                examples.inputs[..., i] = pad_rows(column, *self._spans(part), examples.sequence_length)

    def _objective(self) -> Objective:
        readout: Literal["last", "every"] = "every" if self.every else "last"
        if self.target.classes:
            return Classification(outputs=len(self.target.classes), readout=readout)
        return Regression(outputs=self.target.values.shape[1], readout=readout)

    def _baseline(self, train: Examples, test: Examples) -> float:
        if self.target.classes:
            return majority_accuracy(train.targets, test.targets)
        return mean_squared_error(*(_in_use(part) if self.every else part.targets for part in (train, test)))

    def _repeated(self, part: np.ndarray) -> float:
        """The share of the events to predict in ``part`` that are of the class of the one before."""
        rows = rows_of(*self._spans(part))
        return float(np.mean(self.target.values[rows] == self.target.values[rows + self.ahead]))


def _in_use(examples: Examples) -> np.ndarray:
    """The targets of all steps in use, ``(steps, K)``."""
    if examples.lengths is None:
        return examples.targets.reshape(-1, examples.targets.shape[-1])
    return examples.targets[np.arange(examples.sequence_length) < examples.lengths[:, None]]


def from_long(table: Table, roles: Roles, reading: Reading, test: Table | None = None) -> Sequences:
    """The sequences in a table in long format, each the rows with one value in the column ``roles.group``.

    Raises:
        DataError: a sequence is too short, two of its rows have one time, a value has no place where it stands, ...
    """
    import pandas as pd

    assert roles.group is not None
    next_event = roles.kind == "events" and roles.varies
    as_classes = roles.kind == "classification" or (
        roles.kind == "events" and is_classes(table.frame[roles.targets[0]])
    )
    tables = [table] if test is None else [table, test]
    parts = [in_order(part, roles, max(reading.min_length, 2 if next_event else 1)) for part in tables]
    if test is not None:
        for part in tables:  # while messages can still name the file
            for name in roles.features:
                if name not in roles.categorical:
                    as_numbers(part, name)
    lengths = np.concatenate([lengths for _, lengths in parts])
    given_test = len(parts[1][1]) if test is not None else 0
    enough(table.name, len(lengths), given_test, f"sequences (column {roles.group})")

    for part in tables:
        for name in roles.targets:
            refuse_missing(part, name, "a target")
    firsts = [np.cumsum(lengths) - lengths for _, lengths in parts]
    of_targets = [
        Table(part.frame if roles.varies else part.frame.iloc[first], part.name)
        for (part, _), first in zip(parts, firsts, strict=True)
    ]
    target = (classes if as_classes else values)(of_targets, *roles.targets)
    frame = parts[0][0].frame if test is None else pd.concat([part.frame for part, _ in parts])
    features, notes = list(roles.features), list(roles.notes)
    if roles.kind == "events" and roles.time is not None:
        frame[GAP] = gaps(frame[roles.time], lengths)
        features.append(GAP)
    sequences = Sequences(
        table.name,
        [],
        replace(table, frame=frame),
        features,
        roles.categorical,
        lengths,
        target,
        splitting(
            reading,
            table.name,
            len(lengths),
            given_test,
            target.values if target.classes and not roles.varies else None,
            groups_of(parts, roles.split_by),
            roles.split_by,
        ),
        ahead=int(next_event),
        roles=roles,
        name_of_target=roles.target,
    )
    leaks = of_sequences(frame, features, lengths, target, roles.targets)
    numbers = features if target.classes else dict.fromkeys([*features, *roles.targets])
    notes += [*sequences.splitting.words(), *masked(frame, list(numbers), roles.categorical), *leaks]
    sequences.understood = [_described(sequences, roles), *notes]
    return sequences


def in_order(table: Table, roles: Roles, shortest: int) -> tuple[Table, np.ndarray]:
    """The rows by sequence, sequences as they first come, each in its order of time; and the sequences' lengths."""
    import pandas as pd

    frame = table.frame
    assert roles.group is not None
    refuse_missing(table, roles.group, "data.group")
    codes = pd.factorize(frame[roles.group])[0]
    keys: list[np.ndarray] = [codes]
    if roles.time is not None:
        refuse_missing(table, roles.time, "data.time")
        keys.insert(0, frame[roles.time].to_numpy())
    if len(keys) > 1 or (np.diff(codes) < 0).any():
        order = np.lexsort(keys)
        if (np.diff(order) != 1).any():
            frame, codes = frame.iloc[order], codes[order]
    lengths = np.bincount(codes)
    ordered = replace(table, frame=frame)
    if (lengths < shortest).any():
        row = int(np.argmax(lengths[codes] < shortest))
        have = int(lengths[codes[row]])
        remedy = "leave it out, or lower data.min_length" if lengths.max() > 1 else f"so has every other; {IN_ROWS}"
        raise DataError(
            f"{ordered.place(roles.group, frame.index[row])}: the sequence {frame[roles.group].iloc[row]!s:.40} has "
            f"{have} step{'s' * (have > 1)}, below {shortest}; {remedy}"
        )
    if roles.time is not None and roles.kind != "events":
        refuse_same_times(ordered, roles.time, roles.group, roles.targets, codes)
    return ordered, lengths


def gaps(times: pd.Series, lengths: np.ndarray) -> np.ndarray:
    """log(1 + time since the row before), in seconds where times are dates; 0 at the beginning of a sequence."""
    stamps = times.to_numpy()
    if stamps.dtype.kind == "M":
        stamps = stamps.astype("M8[ms]").astype(np.float64) / 1000
    gaps = np.diff(stamps.astype(np.float64), prepend=stamps[:1].astype(np.float64))
    gaps[np.cumsum(lengths) - lengths] = 0
    return np.log1p(np.maximum(gaps, 0))


def _described(problem: Sequences, roles: Roles) -> str:
    numbers = len(problem.features) - len(roles.categorical)
    columns = [columns_of_numbers(numbers)] if numbers else []
    if roles.categorical:
        columns.append(f"embedded: {', '.join(roles.categorical)}")
    what = {"events": "event streams"}.get(roles.kind, roles.kind)
    order = f"ordered by {roles.time}" if roles.time else "in file order"
    return f"{what}, {spanned(problem.lengths)} (by {roles.group}, {order}), {', '.join(columns)}, " + _aim(
        problem, roles
    )


def _aim(problem: Sequences, roles: Roles) -> str:
    found = problem.target.classes
    kind = f"{len(found)} classes" if found else "values, scaled to variance 1"
    whose = ("the next event's " if problem.ahead else "at every step ") if problem.every else ""
    return f"target {whose}{roles.target} ({kind})"
