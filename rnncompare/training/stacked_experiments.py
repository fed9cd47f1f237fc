"""Several experiments trained as one, from settings to a record of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch

from rnncompare.records import MemoryFields, Run, SpeedFields
from rnncompare.training.decisions import Training
from rnncompare.training.experiment import Experiment
from rnncompare.training.kept_model import KeptModel
from rnncompare.training.loop import Checkpointer, TrainingState
from rnncompare.training.settings import RunSettings
from rnncompare.training.stack import Member, train_stacked

Keep = Callable[[KeptModel], None]


def run_stacked(
    runs: Sequence[RunSettings],
    progress: Callable[[int, int, float], None] = lambda position, update, metric: None,
    checkpointers: Sequence[Checkpointer | None] = (),
    keeps: Sequence[Keep | None] = (),
) -> Iterator[tuple[int, Run]]:
    """Train ``runs`` as one, and give each with its position as soon as it has ended.

    Its record is that of `rnncompare.training.experiment.run_experiment`, to the rounding of the arithmetic, but for
    speed and memory: what the stack took is no run's own, and is null.

    Args:
        runs: resolved, of one stack.
        progress: called with the position of a run, the update and the validation metric after each validation.
        checkpointers: of each run, as in `run_experiment`. Runs that go on from different updates are as many stacks.
        keeps: of each run, as in `run_experiment`.

    Raises:
        SettingError, DataError: as `run_experiment` raises them, for any of the runs.
        RuntimeError: their networks or data are not of one shape.
    """
    torch.set_num_threads(runs[0].threads)
    experiments = [Experiment.load(settings) for settings in runs]
    device, objective = experiments[0].device, experiments[0].data.objective
    if any(experiment.data.objective != objective for experiment in experiments):
        raise RuntimeError("their data ask for different outputs")
    networks = [experiment.initialise() for experiment in experiments]
    members: dict[Member, int] = {}
    stacks: dict[int, list[Member]] = {}
    pairs = zip(experiments, checkpointers or [None] * len(runs), strict=True)
    for position, (experiment, checkpointer) in enumerate(pairs):
        own, seed = experiment.settings.train, experiment.settings.seed
        state = TrainingState.begin(networks[position], experiment.train, own, seed, device, checkpointer)
        update = partial(progress, position)
        member = Member(state, own, experiment.train, experiment.validation, update, checkpointer)
        members[member] = position
        stacks.setdefault(state.training.updates, []).append(member)
    for stack in stacks.values():
        for member in train_stacked(stack, objective, device):
            position, training = members[member], member.state.training
            keep = keeps[position] if keeps else None
            speed = _speed_fields(training, len(stack))
            yield position, experiments[position].finished(networks[position], training, speed, MemoryFields(), keep)


def _speed_fields(training: Training, together: int) -> SpeedFields:
    reached = training.reached.update if training.reached else None
    return SpeedFields(updates=training.updates, updates_to_target=reached, exclusive=False, stacked=together)
