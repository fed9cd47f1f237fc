"""How much of a gradient survives through time: the norm of d h_T / d s_t against the lag T - t.

h_T is the output after the last step, s_t the whole state of all layers after step t: h_t for a GRU or a plain RNN,
(h_t, c_t) for an LSTM. So the LSTM's path from cell to cell, its own way of preserving a gradient, counts; with h_t
alone and c_t held fixed it would not. The norm is the spectral one: the factor by which the best-preserved gradient of
h_T is scaled on its way back to s_t. Gradients vanish if even that one shrinks geometrically; `slope` is the rate.

Pascanu, Mikolov and Bengio (2013) analyse products of these Jacobians; Hochreiter et al. (2001) the LSTM's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from rnncompare.base.errors import require
from rnncompare.models.cell import State
from rnncompare.models.network import Network
from rnncompare.models.recurrent import Recurrent


def log_norms(layer: Recurrent, input: Tensor, lags: int | None = None) -> np.ndarray:
    """The natural logarithm of the norm of d h_T / d s_t at each lag, the median over the batch.

    The result is exact: h_T's Jacobian is pulled back through the layer step by step, and rescaled on the way so that
    it does not underflow.

    Args:
        layer: unidirectional; in float64 for more than a few digits.
        input: ``(T, B, I)``, without padding; the initial state is zero.
        lags: the largest lag, at most T; None for T, the initial state's.

    Returns:
        ``(lags + 1,)``, from lag 0, where it is 0; minus infinity if the Jacobian is zero.
    """
    with torch.enable_grad():
        norms = [np.median(norms.cpu()) for norms in _sequence_log_norms(layer, input, lags)]
    return np.array(norms)


def _sequence_log_norms(layer: Recurrent, input: Tensor, lags: int | None) -> Iterator[Tensor]:
    """The logarithm of the norm at each lag, ``(B,)``, from lag 0."""
    states = _states(layer, input)
    rows = _of_output(states[-1])  # h_T's Jacobian so far, row by row as `torch.autograd.grad` takes it
    scale = torch.zeros(input.size(1)).to(input)
    for lag in range(1 + (len(input) if lags is None else min(lags, len(input)))):
        if lag:
            before = tuple(s.detach().requires_grad_() for s in states[-1 - lag])
            after = _step(layer, input[-lag], before)
            rows = torch.autograd.grad(after, before, rows, is_grads_batched=True, materialize_grads=True)
        norm = torch.linalg.matrix_norm(_matrices(rows), ord=2)  # (B,)
        scale = scale + norm.log()
        rows = tuple(row / norm.where(norm > 0, 1)[:, None] for row in rows)
        yield scale


@torch.no_grad()
def _states(layer: Recurrent, input: Tensor) -> list[State]:
    """The states s_0, ..., s_T, each tensor ``(L, B, H)``."""
    _, example = layer(input[:1])
    states = [tuple(torch.zeros_like(s) for s in _as_state(example))]
    for x in input:
        states.append(_step(layer, x, states[-1]))
    return states


def _step(layer: Recurrent, x: Tensor, state: State) -> State:
    _, after = layer(x[None], state if len(state) > 1 else state[0])
    return _as_state(after)


def _as_state(hx: Tensor | State) -> State:
    return (hx,) if isinstance(hx, Tensor) else hx


def _of_output(state: State) -> State:
    """The Jacobian of the last layer's h with respect to the state itself: ``(H, L, B, H)`` for each of its tensors."""
    h = state[0]
    rows = tuple(torch.zeros(h.size(-1), *s.shape).to(s) for s in state)
    rows[0][:, -1] = torch.eye(h.size(-1)).to(h)[:, None]
    return rows


def _matrices(rows: State) -> Tensor:
    """The Jacobians ``(B, H, S)``, where S is the size of the whole state."""
    return torch.cat([row.permute(2, 0, 1, 3).flatten(2) for row in rows], -1)


def slope(log_norms: np.ndarray) -> float:
    """The change of the log norm per step, from the least-squares line from lag 1 on; 0 if nothing vanishes.

    Args:
        log_norms: from lag 0, at least to lag 2; minus infinity at any lag gives minus infinity.
    """
    if np.isneginf(log_norms).any():
        return -np.inf
    from_middle = np.arange(1, len(log_norms)) - len(log_norms) / 2
    return float(from_middle @ log_norms[1:] / (from_middle @ from_middle))


def steppable(network: Network) -> Recurrent:
    """A copy of the network's recurrent layers in float64, one plain step at a time, without dropout.

    Raises:
        SettingError: they are bidirectional, so that no state is the last.
    """
    plan = network.architecture
    require(not plan.bidirectional, "model.bidirectional", True, "false: gradient flow is measured in one direction")
    layer = Recurrent(
        plan.cell, plan.embedded_size, plan.hidden_size, plan.num_layers, implementation="loop", dtype=torch.float64
    )
    layer.load_state_dict(network.recurrent.state_dict())
    return layer.to(next(network.parameters()).device)


@torch.no_grad()
def embedded(network: Network, inputs: Tensor) -> Tensor:
    """What the recurrent layers read from ``inputs``, in float64: ``(T, B, I)``."""
    embedding: nn.Module = network.embedding
    return embedding(inputs).double()


def flow(network: Network, inputs: Tensor, lags: int | None) -> dict[str, float | None]:
    """The slope of the log norms of ``network``, and the norms at the lags 1, 2, 4, ... and the largest, by name.

    Args:
        network: unidirectional.
        inputs: ``(T, B, ...)`` as it reads them, without padding.
        lags: the largest lag; None for T.
    """
    norms = log_norms(steppable(network), embedded(network, inputs), lags)
    largest = len(norms) - 1
    shown = [*(2**power for power in range(largest.bit_length()) if 2**power < largest), largest]
    return {"slope": slope(norms), **{f"log_norm.{lag}": float(norms[lag]) for lag in shown}}
