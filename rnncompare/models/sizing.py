"""How large a network is, and how much it computes, from its architecture alone; nothing is built.

All follows from the shapes that the cell declares (`Cell.shapes`), so a new cell is sized without a line here. The
letters: V vocabulary, I input of a layer, H hidden size, D directions, L layers, K outputs, T steps, B batch.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from math import prod

from rnncompare.errors import require
from rnncompare.models.architecture import Architecture


@dataclass(frozen=True)
class Counts:
    """Trainable parameters, by part of the network.

    Attributes:
        recurrent: of all recurrent layers and directions.
        embedding: V I, or 0 for real inputs.
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
    return Counts(
        recurrent=architecture.directions
        * sum(prod(shape) for layer in _layers(architecture) for shape in layer.values()),
        embedding=(architecture.vocabulary or 0) * architecture.embedded_size,
        readout=(architecture.directions * architecture.hidden_size + 1) * architecture.outputs,
    )


def state_size(architecture: Architecture) -> int:
    """Numbers that are kept from step to step for one sequence: D L H for each of the cell's states."""
    width = architecture.directions * architecture.num_layers * architecture.hidden_size
    return width * len(architecture.cell.states)


def flops_per_update(architecture: Architecture, batch_size: int, sequence_length: int) -> int:
    """Floating-point operations of the matrix products, forward and backward, of one update.

    A multiply-add counts 2. A parameter of two axes is one matrix product a step and sequence: 2 T B times its size
    forward, as much for its own gradient, as much for the gradient of what it multiplies. Not among the last:

    - the real inputs of the first layer, which need no gradient (symbols do, for their embedding);
    - the first of the T states that ``weight_hh`` multiplies, which is constant.

    These are the products that the plain step loop performs on sequences in full use; another implementation may merge
    or skip some, and a cell that multiplies something computed from the state rather than the state itself
    (a reset gate before the product) takes that first gradient too. Pointwise work, biases and parameters of one axis,
    the look-up of embeddings and the optimiser's own work are left out.
    """
    steps = sequence_length * batch_size
    products = 0
    for depth, layer in enumerate(_layers(architecture)):
        for name, shape in layer.items():
            if len(shape) < 2:
                continue
            backward = steps
            if name == "weight_hh":
                backward -= batch_size
            elif name == "weight_ih" and depth == 0 and architecture.features is not None:
                backward = 0
            products += architecture.directions * prod(shape) * (2 * steps + backward)
    read_out = steps if architecture.readout == "every" else batch_size
    products += 3 * read_out * architecture.directions * architecture.hidden_size * architecture.outputs
    return 2 * products


def solve_hidden_size(architecture: Architecture, parameters: int) -> int:
    """The largest hidden size with which ``architecture``, whatever its own, has at most ``parameters`` in total.

    Raises:
        SettingError: even one unit has more.
    """

    def total(hidden_size: int) -> int:
        return count_parameters(replace(architecture, hidden_size=hidden_size)).total

    largest = bisect_right(range(1, parameters + 1), parameters, key=total)  # a unit is at least one parameter
    require(
        largest > 0, "model.parameters", parameters, f"too few for this network; the smallest possible is {total(1)}"
    )
    return largest


def _layers(architecture: Architecture) -> list[dict[str, tuple[int, ...]]]:
    """The shapes of the parameters of each layer, in one direction."""
    return [architecture.cell.shapes(size, architecture.hidden_size) for size in architecture.input_sizes]
