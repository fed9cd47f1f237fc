"""The interface of a cell: the equations of one step. Layers, directions, packing and sizing are handled elsewhere.

A new cell is one file in ``models/cells`` holding one subclass of `Cell`, and one YAML file in ``configs/model``; it is
named after its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

State = tuple[Tensor, ...]


class Weights:
    """The parameters of one layer in one direction, as attributes, and the matrix products that cells use.

    Attributes are the names of `Cell.shapes`: ``weight_ih`` ``(G H, I)``, ``weight_hh`` ``(G H, P)``, ``bias_ih`` and
    ``bias_hh`` ``(G H,)`` (None without bias), ``weight_hr`` ``(P, H)`` with a projection, and whatever a cell adds.
    G is the number of gates (for ``_hh`` of those that see h_{t-1}), H the hidden size, P the size of the output:
    that of the projection, or H.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    weight_hr: Tensor | None = None

    def __init__(self, **parameters: Tensor):
        self.__dict__.update(parameters)

    def __getattr__(self, name: str) -> Tensor:
        raise AttributeError(f"the cell declares no parameter called {name}")

    def input(self, x: Tensor) -> Tensor:
        """W_ih x + b_ih: ``(..., I)`` to ``(..., G H)``."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def recurrent(self, h: Tensor, rows: slice | None = None) -> Tensor:
        """W_hh h + b_hh: ``(B, P)`` to ``(B, G H)``; ``rows`` selects gates that see another h than the rest."""
        if rows is None:
            return F.linear(h, self.weight_hh, self.bias_hh)
        return F.linear(h, self.weight_hh[rows], None if self.bias_hh is None else self.bias_hh[rows])

    def project(self, h: Tensor) -> Tensor:
        """W_hr h with a projection, else h: ``(B, H)`` to ``(B, P)``."""
        return h if self.weight_hr is None else F.linear(h, self.weight_hr)


@dataclass(frozen=True)
class Cell:
    """One step of a recurrent layer. Its dataclass fields are its own settings, such as ``forget_bias``.

    Attributes:
        gates: names of the blocks of rows in the weights, in order.
        recurrent_gates: the gates that see h_{t-1} and so have rows in weight_hh and bias_hh; None for all.
        states: the names of the state tensors; the first is the output.
    """

    gates: ClassVar[tuple[str, ...]]
    recurrent_gates: ClassVar[tuple[str, ...] | None] = None
    states: ClassVar[tuple[str, ...]] = ("h",)

    def __init_subclass__(cls) -> None:
        """Refuse ``("candidate")``, which is a word and not one name.

        Raises:
            TypeError: gates or states are not given as a tuple.
        """
        for name in ("gates", "recurrent_gates", "states"):
            if isinstance(value := getattr(cls, name, None), str):
                raise TypeError(f"{cls.__name__}.{name} is {value!r}; a tuple is needed, such as ({value!r},)")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        """The states after one step.

        Args:
            x: ``(B, G H)``, the input's part of all gates: W_ih x_t + b_ih.
            state: the states before, the first ``(B, P)``, others ``(B, H)``.
            w: the layer's parameters.
        """
        raise NotImplementedError

    def shapes(
        self, input_size: int, hidden_size: int, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        """Names and shapes of a layer's parameters, in the order in which torch draws them.

        A cell with additional parameters extends this; one with fewer replaces it.
        """
        rows = len(self.gates) * hidden_size
        recurrent_rows = rows if self.recurrent_gates is None else len(self.recurrent_gates) * hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (recurrent_rows, proj_size or hidden_size),
        }
        if bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (recurrent_rows,)}
        if proj_size:
            shapes["weight_hr"] = (proj_size, hidden_size)
        return {name: shape for name, shape in shapes.items() if shape[0]}

    def initialise(self, w: Weights) -> None:
        """Change initial values in place, after every parameter was drawn from U(-1/sqrt(H), 1/sqrt(H)).

        Called once per layer and direction, without gradient tracking.
        """
