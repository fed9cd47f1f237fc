"""What an update of many runs trained as one takes, beside that of a single run by torch's own module."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rnncompare.measurements.cases import Case
from rnncompare.measurements.contenders import architecture
from rnncompare.measurements.interleaved_timing import in_turns
from rnncompare.models.network import Network
from rnncompare.models.reference import MODULES
from rnncompare.tasks.contract import Examples
from rnncompare.tasks.contract.objectives import Regression
from rnncompare.training.batches import Split, StackedSplit
from rnncompare.training.loop import TrainingState, update_function
from rnncompare.training.settings import TrainSettings
from rnncompare.training.stack import Member, Stack

OBJECTIVE = Regression(outputs=1, readout="last")


def measure(case: Case, runs: int) -> list[dict[str, Any]]:
    """For each cell, the time of an update of a single run and of ``runs`` as one, and their ratio.

    All take turns: torch's module, the hand-written one alone, and the stack. An update takes its batch from the
    examples, as in training, with Adam and clipping.
    """
    torch.set_num_threads(case.threads)
    torch.backends.cudnn.allow_tf32 = False  # as for torch's own products: one precision for all
    return [_compare(case, cell, runs) for cell in case.cells if f"torch_{cell}" in MODULES]


def _compare(case: Case, cell: str, runs: int) -> dict[str, Any]:
    steps, sequences, inputs, hidden = case.shape
    device, random = torch.device(case.device), np.random.default_rng(0)
    examples = Examples(
        random.standard_normal((sequences, steps, inputs), np.float32),
        random.standard_normal((sequences, 1), np.float32),
    )
    split, settings = Split(examples, "last", device), TrainSettings(batch_size=sequences)
    index = torch.arange(sequences, device=device)

    def network(implementation: str) -> Network:
        return Network(architecture(cell, implementation, inputs, hidden)).to(device)

    def single(implementation: str) -> tuple[Network, Any]:
        own = network(implementation)
        update = update_function(own, torch.optim.Adam(own.parameters()), OBJECTIVE, settings.clip_norm)
        return own, lambda: update(split.batch(index))

    states = [TrainingState.begin(network("auto"), split, settings, seed, device) for seed in range(runs)]
    members = [Member(state, settings, split, split, lambda update, metric: None) for state in states]
    stack, every = Stack(members, OBJECTIVE), StackedSplit([split] * runs)
    rates, indices = torch.full((runs,), settings.learning_rate, device=device), index.expand(runs, -1)
    (_, by_torch), (ours, alone) = single("torch"), single("auto")
    laps = in_turns(
        [by_torch, alone, lambda: stack.update(every.batch(indices), rates)], device, case.seconds, case.repeats
    )
    stack.take_apart()
    torch_ms, alone_ms, stacked_ms = (1000 * float(np.median(own)) for own in laps)
    low, middle, high = (float(value) for value in np.percentile(np.divide(laps[2], laps[0]), [10, 50, 90]))
    return {
        "cell": cell,
        "ran": ours.recurrent.implementation_used,
        "stack_ran": states[0].network.get_submodule("recurrent").implementation_used,
        **{"T": steps, "B": sequences, "I": inputs, "H": hidden, "runs": runs, "device": case.device},
        **{"torch_ms": torch_ms, "alone_ms": alone_ms, "stacked_ms": stacked_ms},
        **{"to_one": middle, "to_one_p10": low, "to_one_p90": high, "repeats": len(laps[0])},
    }
