"""A GRU whose reset gate is 1 and whose update gate passes only new content is a plain RNN."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from rnncompare.claims.exact_checks import Check
from rnncompare.models.modules import GRU, RNN
from rnncompare.models.recurrent import Recurrent

STEPS, BATCH, INPUT, HIDDEN = 20, 4, 3, 16
LARGEST = 1e-6
SATURATED = 1e4  # a bias that the sigmoid maps to exactly 0 or 1, whatever the weights


def checks() -> list[Check]:
    """The largest difference of outputs, of final states and of every gradient, for each precision and implementation.

    In torch's notation, h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}, it is z = 0 that passes only new content: the "all 0s"
    of those who write it so. In that of Chung et al. (2014), where 1 - z copies the past, it is z = 1.
    """
    return [
        Check(
            f"GRU with r = 1 and z = 0, where h = z h' + (1 - z) n, against RNN: largest difference of outputs, final "
            f"states and gradients; {str(dtype).removeprefix('torch.')}, {implementation}",
            f"at most {LARGEST:g}",
            f"{difference:.2g}",
            difference <= LARGEST,
            difference,
        )
        for dtype, implementation in product((torch.float64, torch.float32), ("loop", "auto"))
        for difference in [largest_difference(dtype, implementation)]
    ]


def largest_difference(dtype: torch.dtype, implementation: str) -> float:
    """The largest difference between everything the two compute from the same input.

    Gradients are those of the mean of randomly weighted outputs. Those of the GRU's gates count too; they must be 0.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rnn = RNN(INPUT, HIDDEN, dtype=dtype, implementation=implementation)
        gru = GRU(INPUT, HIDDEN, dtype=dtype, implementation=implementation)
        input, h0 = torch.randn(STEPS, BATCH, INPUT, dtype=dtype), torch.randn(1, BATCH, HIDDEN, dtype=dtype)
        weighting = torch.randn(STEPS, BATCH, HIDDEN, dtype=dtype)
    _make_plain(gru, rnn)
    pairs = zip(_results(gru, input, h0, weighting), _results(rnn, input, h0, weighting), strict=True)
    return max((_padded(b, len(a)) - a).abs().max().item() for a, b in pairs)


@torch.no_grad()
def _make_plain(gru: GRU, rnn: RNN) -> None:
    """Hold the gates by their biases, and give the candidate the weights of ``rnn``."""
    (weight_ih, weight_hh, bias_ih, bias_hh), plain = gru.all_weights[0], rnn.all_weights[0]
    for own, given in zip((weight_ih, weight_hh, bias_ih, bias_hh), plain, strict=True):
        own[-HIDDEN:] = given  # rows: reset, update, candidate
    bias_ih[:HIDDEN] = SATURATED
    bias_ih[HIDDEN:-HIDDEN] = -SATURATED


def _results(layer: Recurrent, input: Tensor, h0: Tensor, weighting: Tensor) -> Iterator[Tensor]:
    """Output, final state, and the gradients of the input, the initial state and the parameters."""
    leaves = [input.clone().requires_grad_(), h0.clone().requires_grad_()]
    output, final = layer(*leaves)
    yield from (output, final)
    yield from torch.autograd.grad((output * weighting).mean(), [*leaves, *layer.parameters()])


def _padded(tensor: Tensor, rows: int) -> Tensor:
    """``tensor`` below as many rows of zeros as make ``rows`` in all."""
    return torch.cat((tensor.new_zeros(rows - len(tensor), *tensor.shape[1:]), tensor))
