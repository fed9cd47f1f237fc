"""What the training loop costs compared with a bare one: both train one network on the same data, in turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnncompare.base.clocks import Clock, clock_for
from rnncompare.measurements.cases import Case
from rnncompare.models.architecture import Architecture
from rnncompare.models.network import Network
from rnncompare.tasks.contract import Examples
from rnncompare.tasks.contract.objectives import BitsPerCharacter
from rnncompare.training.batches import Split
from rnncompare.training.loop import train
from rnncompare.training.settings import TrainSettings

VOCABULARY = 100  # about that of the default run's text
UPDATES = 10  # of each loop in a turn; the first, in which the optimizer creates its state, is left out


def measure(case: Case) -> list[dict[str, Any]]:
    """For each cell, the time of an update in `rnncompare.training.loop.train` and in a bare loop, and their ratio.

    Symbols in, a prediction at every step, as in the default run. It takes several times the case's seconds, because
    differences of a few hundredths must show.
    """
    torch.set_num_threads(case.threads)
    return [_compare(case, cell) for cell in case.cells]


def _compare(case: Case, cell: str) -> dict[str, Any]:
    steps, sequences, _, hidden = case.shape
    device = torch.device(case.device)
    random = np.random.default_rng(0)
    windows = random.integers(0, VOCABULARY, (20 * sequences, steps + 1), dtype=np.uint8)
    examples = Examples(windows[:, :-1], windows[:, 1:])
    objective, settings = BitsPerCharacter(VOCABULARY, "every"), TrainSettings(batch_size=sequences, patience=None)
    settings.max_updates = settings.validate_every = UPDATES
    train_split, validation_split = (Split(part, "every", device) for part in (examples, examples.take(slice(1))))
    inputs, targets = (torch.from_numpy(a).long().T.contiguous().to(device) for a in (windows[:, :-1], windows[:, 1:]))
    torch.manual_seed(0)
    network = Network(Architecture(cell, VOCABULARY, "every", vocabulary=VOCABULARY, hidden_size=hidden)).to(device)

    laps: dict[str, list[float]] = {"train": [], "bare": []}
    ratios: list[float] = []
    while sum(map(sum, laps.values())) < 10 * case.seconds or len(ratios) < case.repeats:
        seed = len(ratios)
        ours = train(network, train_split, validation_split, objective, settings, seed, device).step_seconds[1:]
        clock = clock_for(device)
        order = torch.from_numpy(random.permutation(len(windows))[: UPDATES * sequences]).to(device)
        bare_loop(network, inputs, targets, order.split(sequences), settings, clock)
        bare = clock.laps[1:]
        laps["train"] += ours
        laps["bare"] += bare
        ratios.append(float(np.median(ours) / np.median(bare)))
    low, middle, high = (float(value) for value in np.percentile(ratios, [10, 50, 90]))
    return {
        "cell": cell,
        "ran": getattr(network.recurrent, "implementation_used", "torch"),
        **{"T": steps, "B": sequences, "H": hidden, "vocabulary": VOCABULARY, "threads": case.threads},
        **{f"{name}_ms": 1000 * float(np.median(values)) for name, values in laps.items()},
        "updates": len(laps["bare"]),
        **{"ratio": middle, "ratio_p10": low, "ratio_p90": high},
    }


def bare_loop(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    order: tuple[Tensor, ...],
    settings: TrainSettings,
    clock: Clock,
) -> None:
    """Training as one would write it in a script.

    Args:
        network: gives outputs ``(T, B, K)``.
        inputs: ``(T, N)`` symbols.
        targets: ``(T, N)`` symbols.
        order: the examples of each batch.
        settings: learning rate and clipping.
        clock: takes a lap for each update.
    """
    assert settings.clip_norm is not None
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    clock.start()
    for index in order:
        optimizer.zero_grad()
        loss = F.cross_entropy(network(inputs[:, index]).flatten(0, 1), targets[:, index].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
        optimizer.step()
        clock.lap()
    clock.settle()
