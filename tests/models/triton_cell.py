"""The pointwise part of a cell that a user might write: Triton reads a kernel's source from its file."""

import triton
import triton.language as tl

from rnncompare.models.fast.triton.cells import sigmoid


@triton.jit
def leaky(x, p, state):
    leak, n = sigmoid(x[0] + p[0]), tl.maximum(x[1] + p[1], 0.0)
    return (leak * state[0] + (1.0 - leak) * n,), (leak, n)


@triton.jit
def leaky_backward(d, kept, before, after):
    leak, n = kept
    d_leak = d[0] * (before[0] - n) * leak * (1.0 - leak)
    return (d_leak, tl.where(n > 0, d[0] * (1.0 - leak), 0.0)), (d[0] * leak,)
