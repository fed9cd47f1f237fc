"""Compiles what a layer on a GPU would launch, without one: ``python -m tests.models.compile_triton 80 90 all``.

Prints registers and shared memory of each kernel, and exits with 1 if one does not compile or does not fit. The
arguments are compute capabilities, and ``all`` for layers that take long to compile too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

from rnncompare.models.fast.function import run
from rnncompare.models.fast.triton import engine, loops
from rnncompare.models.fast.triton.engine import TritonEngine
from tests.models.test_fast import CELLS, case, results

SHARED = {80: 163 << 10, 86: 99 << 10, 89: 99 << 10, 90: 227 << 10, 100: 227 << 10, 120: 99 << 10}
"""Bytes of shared memory of a block, by compute capability (CUDA C++ programming guide, technical specifications)."""
STACK = 64
"""Bytes a thread may keep in local memory; more says that its registers do not suffice."""
LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("tf32", {"name": "gru_reset_before", "hidden": 64}),
    ("ieee", {"name": "gru", "hidden": 128, "dtype": torch.bfloat16, "packed": True}),
    ("tf32", {"name": "lstm", "hidden": 512}),
]
SLOW: list[tuple[str, dict[str, Any]]] = [
    *(("ieee", {"name": name, "hidden": hidden}) for name in CELLS for hidden in (64, 512)),
    *(("tf32", {"name": name, "hidden": 128, "packed": True}) for name in CELLS),
    *(("tf32x3", {"name": name, "hidden": 512}) for name in CELLS),
    *(("ieee", {"name": name, "hidden": 200, "dtype": torch.float64}) for name in CELLS),
]
"""The precision of products, and a layer: on chip and in tiles, with and without a second product."""


class Device:
    """Stands in for the driver of a GPU: enough of it to compile for one."""

    def __init__(self, capability: int):
        self.target = GPUTarget("cuda", capability, 32)

    def get_current_target(self) -> GPUTarget:
        return self.target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


class Compiled:
    """Stands in for a kernel: a launch compiles it, and adds to ``faults`` what is wrong."""

    def __init__(self, kernel: Any, capability: int, faults: list[str]):
        self.kernel, self.capability, self.faults = kernel, capability, faults

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        return partial(self.launch, grid)

    def launch(self, grid: tuple[int, ...], **arguments: Any) -> None:
        compiled = self.kernel.run(grid=grid, warmup=True, **arguments)
        shared, (registers, stack) = compiled.metadata.shared, resources(compiled.asm["cubin"])
        print(f"  {self.kernel.__name__}: {registers} registers, {stack} bytes of stack, {shared} of shared memory")
        if shared > SHARED[self.capability] or stack > STACK:
            self.faults.append(f"{self.kernel.__name__} does not fit")


def resources(binary: bytes) -> tuple[int, int]:
    """Registers and bytes of stack of a thread."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(binary)
        file.flush()
        tool = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
        text = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=True).stdout
    words = dict(word.split(":")[:2] for word in text.split() if word.count(":") == 1 and word[-1] != ":")
    return int(words["REG"]), int(words["STACK"])


def main(capabilities: list[int], layers: list[tuple[str, dict[str, Any]]]) -> int:
    """Compile the kernels of some layers; the exit code."""
    faults: list[str] = []
    kernels = loops.forward, loops.backward
    for capability, (precision, layer) in product(capabilities, layers):
        driver.set_active(Device(capability))
        loops.forward, loops.backward = (Compiled(kernel, capability, faults) for kernel in kernels)
        engine._shared_memory = lambda _, capability=capability: SHARED[capability]
        print(f"compute capability {capability}, {precision}, {layer}")
        given = case(**{"dtype": torch.float32, "steps": 2, "batch": 2} | layer)
        results(partial(run, TritonEngine(precision)), given)
    print(*faults, sep="\n")
    return bool(faults)


if __name__ == "__main__":
    wanted = LAYERS + SLOW if "all" in sys.argv else LAYERS
    sys.exit(main([int(word) for word in sys.argv[1:] if word != "all"], wanted))
