"""How large a network is and how much it computes, from its architecture alone: nothing is built.

Everything follows from the shapes that the cell declares (`Cell.shapes`), so a new cell needs no code here.
Notation: V vocabulary, I input of a layer, H hidden size, D directions, L layers, K outputs, T steps, B batch.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from math import prod

from rnncompare.base.errors import require
from rnncompare.models.architecture import Architecture
from rnncompare.models.cell import Cell


@dataclass(frozen=True)
class Counts:
    """Trainable parameters, by part of the network.

    Attributes:
        recurrent: of all recurrent layers and directions.
        embedding: V I for symbols, summed over columns for categorical inputs; 0 for real inputs.
        readout: (D H + 1) K.
    """

    recurrent: int
    embedding: int
    readout: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.recurrent + self.embedding + self.readout


def count_parameters(architecture: Architecture) -> Counts:
    """The number of trainable parameters, exactly."""
    shapes = [architecture.cell.shapes(size, architecture.hidden_size) for size in architecture.input_sizes]
    return Counts(
        recurrent=architecture.directions * sum(prod(shape) for layer in shapes for shape in layer.values()),
        embedding=sum(count * size for count, size in architecture.embeddings),
        readout=(architecture.directions * architecture.hidden_size + 1) * architecture.outputs,
    )


def state_size(architecture: Architecture) -> int:
    """How many numbers one sequence keeps from step to step: D L H for each of the cell's states."""
    width = architecture.directions * architecture.num_layers * architecture.hidden_size
    return width * len(architecture.cell.states)


def flops_per_forward(architecture: Architecture, batch_size: int, sequence_length: int) -> int:
    """Floating-point operations of the matrix products of a forward pass, counted as in `flops_per_update`."""
    steps = sequence_length * batch_size
    weights = sum(
        sum(_matrices(architecture.cell, size, architecture.hidden_size).values()) for size in architecture.input_sizes
    )
    outputs = (steps if architecture.readout == "every" else batch_size) * architecture.outputs
    return 2 * architecture.directions * (steps * weights + outputs * architecture.hidden_size)


def flops_per_update(architecture: Architecture, batch_size: int, sequence_length: int) -> int:
    """Floating-point operations of the matrix products, forward and backward, of one update.

    A multiply-add counts as 2. A weight matrix takes one product per step and sequence: 2 T B times its size forward,
    as much again for its own gradient, and as much for the gradient of what it multiplies. The last leaves out:

    - the real inputs of the first layer, which need no gradient (embedded symbols and categories do);
    - the initial state, a constant: T - 1 of the T states that a recurrent matrix multiplies.

    These are the products of the plain step loop on sequences without padding. Another implementation may merge or
    skip some. For a cell that multiplies something computed from the state (a reset gate before the product), the loop
    also computes the initial state's gradient there, although it is 0. Not counted: pointwise work, including biases
    and diagonal weights, the embedding look-up, and the optimiser.
    """
    steps = sequence_length * batch_size
    multiply_adds = 0
    for depth, input_size in enumerate(architecture.input_sizes):
        for name, size in _matrices(architecture.cell, input_size, architecture.hidden_size).items():
            needs_gradient = steps if name == "weight_ih" else steps - batch_size
            if name == "weight_ih" and depth == 0 and not architecture.embeddings:
                needs_gradient = 0
            multiply_adds += architecture.directions * size * (2 * steps + needs_gradient)
    outputs = (steps if architecture.readout == "every" else batch_size) * architecture.outputs
    multiply_adds += 3 * outputs * architecture.directions * architecture.hidden_size
    return 2 * multiply_adds


def solve_hidden_size(architecture: Architecture, parameters: int) -> int:
    """The largest hidden size that gives ``architecture`` at most ``parameters`` in total; its own is ignored.

    Raises:
        SettingError: one unit already has more.
    """

    def total(hidden_size: int) -> int:
        return count_parameters(replace(architecture, hidden_size=hidden_size)).total

    largest = bisect_right(range(1, parameters + 1), parameters, key=total)  # a unit is at least one parameter
    require(
        largest > 0, "model.parameters", parameters, f"too few for this network; the smallest possible is {total(1)}"
    )
    return largest


def _matrices(cell: Cell, input_size: int, hidden_size: int) -> dict[str, int]:
    """The sizes of a layer's weight matrices: the parameters that grow with the square of the layer's sizes."""
    shapes, doubled = cell.shapes(input_size, hidden_size), cell.shapes(2 * input_size, 2 * hidden_size)
    return {name: prod(shape) for name, shape in shapes.items() if prod(doubled[name]) == 4 * prod(shape)}
