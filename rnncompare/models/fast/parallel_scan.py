"""All steps of a minGRU or minLSTM layer at once: the parallel scan in log space of Feng et al. (2024, appendix B)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.min_gru import MinGRUCell
from rnncompare.models.cells.min_lstm import MinLSTMCell


def parallel_scan(
    cell: Cell,
    input: Tensor,
    state: State,
    w: Weights,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """What `rnncompare.models.unroll.unroll` gives for these cells, without a step after another.

    It does log2 T times the work in one T-th of the launches: it pays on a GPU, and not on a few CPU cores.

    Args:
        cell: a `MinGRUCell` or a `MinLSTMCell`.
        input: ``(T, B, I)``, or packed data ``(N, I)``.
        state: the initial state ``(B, H)``, of any sign.
        w: the parameters of the layer and direction.
        batch_sizes: for packed data, how many sequences are active at each step.
        reverse: from the last step to the first.

    Returns:
        The outputs ``(T, B, H)`` or ``(N, H)`` and the state after the last step taken of each sequence.
    """
    x = w.input(input)
    log_keep, log_new = log_terms(cell, x.to(torch.promote_types(x.dtype, torch.float32)))  # 16 bits are too few
    (initial,) = state
    if batch_sizes is None:
        order = slice(None) if not reverse else torch.arange(len(input) - 1, -1, -1, device=input.device)
        h = scan(log_keep[order], log_new[order], initial)
        return h[order].to(x.dtype), (h[-1].to(x.dtype),)
    rows, lengths = _rows(batch_sizes, reverse, input.device)
    h = scan(log_keep[rows], log_new[rows], initial)
    taken = torch.arange(len(batch_sizes), device=input.device)[:, None] < lengths
    output = torch.empty_like(log_new).index_copy(0, rows[taken], h[taken])
    last = h[lengths - 1, torch.arange(len(lengths), device=input.device)]
    return output.to(x.dtype), (last.to(x.dtype),)


def serves(cell: Cell) -> bool:
    """Whether `parallel_scan` knows the equations of ``cell``."""
    return type(cell) in (MinGRUCell, MinLSTMCell)


def log_terms(cell: Cell, x: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithms of a_t and b_t in h_t = a_t ⊙ h_{t-1} + b_t, from the input's part ``(..., G H)`` of the gates."""
    if isinstance(cell, MinGRUCell):
        z, n = x.chunk(2, -1)
        return F.logsigmoid(-z), F.logsigmoid(z) + _log_g(n)
    f, i, g = x.chunk(3, -1)
    odds = F.logsigmoid(f) - F.logsigmoid(i)
    return F.logsigmoid(odds), F.logsigmoid(-odds) + _log_g(g)


def scan(log_keep: Tensor, log_new: Tensor, initial: Tensor) -> Tensor:
    """h_t = a_t ⊙ h_{t-1} + b_t for all t, from log a and log b ``(T, B, H)`` and h_0 ``(B, H)``.

    Steps join in pairs, then fours, ..., log2 T times: (a, b) then (a', b') is (a a', a' b + b') (Hillis and Steele
    1986). Nothing large is subtracted, as it is where all log a are summed first, so the result is as exact as the
    sequential form. The initial state stays outside the logarithm, as it may be zero or negative.
    """
    span = 1
    while span < len(log_new):
        joined = torch.logaddexp(log_new[span:], log_keep[span:] + log_new[:-span])
        log_new = torch.cat([log_new[:span], joined])
        log_keep = torch.cat([log_keep[:span], log_keep[span:] + log_keep[:-span]])
        span *= 2
    return log_keep.exp() * initial + log_new.exp()


def _log_g(a: Tensor) -> Tensor:
    """Logarithm of g(a), which is a + 0.5 for a >= 0, else σ(a)."""
    return torch.where(a >= 0, (a.clamp(min=0) + 0.5).log(), F.logsigmoid(a))


def _rows(batch_sizes: list[int], reverse: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """For packed data, the row ``(T, B)`` of every step of every sequence, and the lengths ``(B,)``.

    Steps past a sequence's end stand for its last taken step again: they come after it, and nothing reads them.
    """
    sizes = torch.tensor(batch_sizes, device=device)
    sequences = torch.arange(batch_sizes[0], device=device)
    lengths = (sizes[:, None] > sequences).sum(0)
    steps = torch.arange(len(batch_sizes), device=device)[:, None].minimum(lengths - 1)
    if reverse:
        steps = lengths - 1 - steps
    return (sizes.cumsum(0) - sizes)[steps] + sequences, lengths
