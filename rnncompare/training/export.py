"""A kept network for other programs: as a program of `torch.export`, or as ONNX."""

from __future__ import annotations

import dataclasses
import os
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from rnncompare.base.errors import DataError, SettingError, require
from rnncompare.models.network import Network
from rnncompare.models.reference import MODULES

SUFFIXES = (".pt2", ".onnx")


class Portable(nn.Module):
    """The network on batches of padded sequences, examples first, in operations that every exporter knows."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Read sequences.

        Args:
            inputs: ``(N, T, F)`` real or ``(N, T)`` integer.
            lengths: ``(N,)`` steps in use, from 1 to T.

        Returns:
            ``(N, K)``, or ``(N, T, K)`` where there is an output a step.
        """
        if self.network.architecture.readout == "every":
            return self.network(inputs.transpose(0, 1)).transpose(0, 1)
        output, _ = self.network.recurrent(self.network.embedding(inputs.transpose(0, 1)))
        return self.network.readout(output[lengths - 1, torch.arange(lengths.shape[0])])


def export(network: Network, path: Path, steps: int) -> None:
    """Write the network, for any number of sequences that are padded to so many steps.

    The file's inputs are ``inputs`` and ``lengths``, its output is ``outputs``, as `Portable.forward` has them. The
    loop over steps is written out, since neither format has one that all cells fit.

    Args:
        network: trained.
        path: ends in ``.pt2`` (`torch.export.load` reads it) or ``.onnx``.
        steps: T.

    Raises:
        SettingError: the format is not known, or the network reads in both directions.
        DataError: ONNX is not installed.
        OSError: the file cannot be written.
    """
    require(path.suffix in SUFFIXES, "path", path, f"a file that ends in {' or '.join(SUFFIXES)}")
    require(isinstance(steps, int) and steps >= 1, "steps", steps, "a whole number from 1")
    plan = network.architecture
    if plan.bidirectional:
        raise SettingError("model.bidirectional", True, "false: padding would be read first by the backward direction")
    if plan.factory is None and plan.name not in MODULES:
        plan = dataclasses.replace(plan, implementation="loop")  # plain operations in the place of compiled ones
    portable = Portable(Network(plan)).eval()
    portable.network.load_state_dict(network.state_dict())
    shape = (2, steps) if plan.vocabulary is not None else (2, steps, len(plan.categories) + (plan.features or 0))
    inputs = torch.zeros(shape, dtype=torch.float32 if plan.vocabulary is None else torch.int64)
    example = (inputs, torch.full((2,), steps))
    batch = torch.export.Dim("batch")
    dynamic = {"inputs": {0: batch}, "lengths": {0: batch}}
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters warn of their own insides
        program = torch.export.export(portable, example, dynamic_shapes=dynamic)
        try:
            if path.suffix == ".pt2":
                torch.export.save(program, temporary)
            else:
                _save_onnx(program, temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _save_onnx(program: torch.export.ExportedProgram, path: Path) -> None:
    try:
        found = torch.onnx.export(
            program,
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=["inputs", "lengths"],
            output_names=["outputs"],
        )
    except ImportError as error:
        raise DataError("ONNX needs two packages more: pip install 'rnncompare[onnx]'") from error
    assert found is not None
    found.save(path, external_data=False)
