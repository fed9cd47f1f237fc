"""Every cell through the shared layers against its own step, one sequence and one step at a time."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncompare.models import cells
from rnncompare.models.cell import Weights
from rnncompare.models.recurrent import Recurrent

N, H = 3, 4  # inputs and units
LENGTHS = [3, 5, 1]


def by_hand(module, sequence, initial):
    """Layers and directions of one sequence ``(T, N)`` from states ``(layers * directions, H)``, by `Cell.step` alone.

    Returns:
        The outputs ``(T, D H)`` of the last layer, and the final states.
    """
    directions = 2 if module.bidirectional else 1
    final = []
    for layer in range(module.num_layers):
        outputs = []
        for direction in range(directions):
            ending = f"_l{layer}" + "_reverse" * direction
            parameters = {k.removesuffix(ending): v for k, v in module.named_parameters() if k.endswith(ending)}
            w = Weights(**parameters)
            state = tuple(s[layer * directions + direction][None] for s in initial)
            taken = []
            for x in reversed(sequence) if direction else sequence:
                state = module.cell.step(w.input(x[None]), state, w)
                taken.append(state[0])
            outputs.append(torch.cat(taken[::-1] if direction else taken))
            final.append(state)
        sequence = torch.cat(outputs, -1)
    return sequence, [torch.cat(parts) for parts in zip(*final, strict=True)]


@pytest.mark.parametrize(("num_layers", "bidirectional"), [(1, False), (2, True)])
@pytest.mark.parametrize("form", ["steps first", "batch first", "packed"])
@pytest.mark.parametrize(
    ("name", "implementation"),
    [*((name, way) for name in cells.names() for way in ("loop", "auto")), ("min_gru", "fused"), ("min_lstm", "fused")],
)
def test_layers_are_the_cells_steps(name, implementation, form, num_layers, bidirectional):
    torch.manual_seed(0)
    cell = cells.cell_class(name)()
    module = Recurrent(
        cell,
        N,
        H,
        num_layers=num_layers,
        bidirectional=bidirectional,
        batch_first=form == "batch first",
        dtype=torch.float64,
        implementation=implementation,
    )
    lengths = LENGTHS if form == "packed" else [5, 5, 5]
    x = torch.randn(3, 5, N, dtype=torch.float64, requires_grad=True)
    rows = num_layers * (1 + bidirectional)
    state = [torch.randn(rows, 3, H, dtype=torch.float64, requires_grad=True) for _ in cell.states]

    given = x if form == "batch first" else x.transpose(0, 1)
    if form == "packed":
        given = pack_padded_sequence(given, torch.tensor(lengths), enforce_sorted=False)
    output, final = module(given, tuple(state) if len(state) > 1 else state[0])
    if form == "packed":
        output, _ = pad_packed_sequence(output, total_length=5)
    output = output if form == "batch first" else output.transpose(0, 1)
    final = final if isinstance(final, tuple) else (final,)

    single = [by_hand(module, x[b, :length], [s[:, b] for s in state]) for b, length in enumerate(lengths)]
    expected = [torch.stack(parts, 1) for parts in zip(*(last for _, last in single), strict=True)]
    torch.testing.assert_close(list(final), expected, rtol=1e-10, atol=1e-12)
    for b, length in enumerate(lengths):
        torch.testing.assert_close(output[b, :length], single[b][0], rtol=1e-10, atol=1e-12)

    wrt = [x, *state, *module.parameters()]
    ours = torch.autograd.grad(output.sin().sum() + sum(s.cos().sum() for s in final), wrt)
    theirs = torch.autograd.grad(sum(o.sin().sum() for o, _ in single) + sum(s.cos().sum() for s in expected), wrt)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-11)
