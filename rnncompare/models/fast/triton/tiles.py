"""Tiles of a step: reading, writing and multiplying them, many at a time as tuples.

Tiles are ``(BB, BH)``, sequences by units, but for weights; ``row``, ``sequence`` and ``column`` index them in memory.
For the other arguments see `rnncompare.models.fast.triton.loops`.
"""

from __future__ import annotations

import triton
import triton.language as tl

INTERPRETED = tl.constexpr(triton.knobs.runtime.interpret)


@triton.jit
def own_sequences(length, steps, batch, BB: tl.constexpr, DENSE: tl.constexpr):
    """What this program takes: its run, its sequences, which of them exist, the most steps of one, and of each."""
    sequence = (tl.program_id(0) * BB + tl.arange(0, BB))[:, None]
    exists = sequence < batch
    if DENSE:
        count = steps
        lasting = tl.where(exists, steps, 0)
    else:
        count = tl.load(length + tl.program_id(0) * BB).to(tl.int32)
        lasting = tl.load(length + sequence, mask=exists, other=0).to(tl.int32)
    return tl.program_id(1).to(tl.int64), sequence, exists, count, lasting


@triton.jit
def dot(a, b, total, PRECISION: tl.constexpr, ACC: tl.constexpr):
    """``total`` + a b."""
    if INTERPRETED:  # which takes the bits of bfloat16 for integers here; these products are the same
        a = a.to(ACC)
        b = b.to(ACC)
    return tl.dot(a, b, total, input_precision=PRECISION, out_dtype=ACC)


@triton.jit
def read(place, mask, COUNT: tl.constexpr, STRIDE, ACC: tl.constexpr):
    """Tiles that lie ``STRIDE`` apart, as a tuple."""
    tiles = ()
    for m in tl.static_range(COUNT):
        tiles = tiles + (tl.load(place + m * STRIDE, mask=mask, other=0.0).to(ACC),)
    return tiles


@triton.jit
def write(place, mask, tiles, COUNT: tl.constexpr, STRIDE):
    for m in tl.static_range(COUNT):
        tl.store(place + m * STRIDE, tiles[m].to(place.dtype.element_ty), mask=mask)


@triton.jit
def zeros(COUNT: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, DTYPE: tl.constexpr):
    tiles = ()
    for _ in tl.static_range(COUNT):
        tiles = tiles + (tl.full((BB, BH), 0.0, DTYPE),)
    return tiles


@triton.jit
def choose(mask, new, old, COUNT: tl.constexpr):
    """Tuples of tiles: the new where the mask says so."""
    tiles = ()
    for m in tl.static_range(COUNT):
        tiles = tiles + (tl.where(mask, new[m], old[m]),)
    return tiles


@triton.jit
def read_record(sums, extra, row, column, mask, START: tl.constexpr, COUNT: tl.constexpr, GATES: tl.constexpr,
                 EXTRA: tl.constexpr, H: tl.constexpr, ACC: tl.constexpr):  # fmt: skip
    """Blocks ``START`` to ``START + COUNT`` of the record of some rows."""
    tiles = ()
    for m in tl.static_range(COUNT):
        if START + m < GATES:
            place = sums + (row * GATES + START + m) * H + column
        else:
            place = extra + (row * EXTRA + START + m - GATES) * H + column
        tiles = tiles + (tl.load(place, mask=mask, other=0.0).to(ACC),)
    return tiles


@triton.jit
def write_record(sums, extra, row, column, mask, tiles, START: tl.constexpr, COUNT: tl.constexpr, GATES: tl.constexpr,
                  EXTRA: tl.constexpr, H: tl.constexpr):  # fmt: skip
    for m in tl.static_range(COUNT):
        if START + m < GATES:
            place = sums + (row * GATES + START + m) * H + column
        else:
            place = extra + (row * EXTRA + START + m - GATES) * H + column
        tl.store(place, tiles[m].to(sums.dtype.element_ty), mask=mask)


@triton.jit
def read_weights(weight, out, within, FIRST: tl.constexpr, COUNT: tl.constexpr, H: tl.constexpr):
    """Tiles of the weights of some gates, by the units that they feed and those that they sum over."""
    mask = (out < H) & (within < H)
    tiles = ()
    for g in tl.static_range(COUNT):
        tiles = tiles + (tl.load(weight + ((FIRST + g) * H + out) * H + within, mask=mask, other=0.0),)
    return tiles


@triton.jit
def read_biases(bias, column, FIRST: tl.constexpr, COUNT: tl.constexpr, H: tl.constexpr, BB: tl.constexpr,
            BH: tl.constexpr, BIAS: tl.constexpr, ACC: tl.constexpr):  # fmt: skip
    """What the products start from, ``(BB, BH)`` a gate."""
    tiles = ()
    for g in tl.static_range(COUNT):
        tile = tl.full((BB, BH), 0.0, ACC)
        if BIAS:
            tile += tl.load(bias + (FIRST + g) * H + column, mask=column < H, other=0.0).to(ACC)
        tiles = tiles + (tile,)
    return tiles


@triton.jit
def products(operand, weights, start, FIRST: tl.constexpr, COUNT: tl.constexpr, PRECISION: tl.constexpr,
              ACC: tl.constexpr):  # fmt: skip
    """The products of one operand with the weights of gates ``FIRST`` and on, added to ``start``."""
    tiles = ()
    for g in tl.static_range(COUNT):
        tiles = tiles + (dot(operand, weights[FIRST + g], start[g], PRECISION, ACC),)
    return tiles


@triton.jit
def tiled_products(operand, sequence, exists, weight, start, column, FIRST: tl.constexpr, COUNT: tl.constexpr,
                    H: tl.constexpr, BH: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr):  # fmt: skip
    """The same, with operand and weights in memory."""
    tiles = start
    for k in range(0, H, BH):
        within = k + tl.arange(0, BH)
        a = tl.load(operand + sequence * H + within[None, :], mask=exists & (within < H)[None, :], other=0.0)
        weights = read_weights(weight, column, within[:, None], FIRST, COUNT, H)
        tiles = products(a, weights, tiles, 0, COUNT, PRECISION, ACC)
    return tiles


@triton.jit
def sum_back(d, weights, start, FIRST: tl.constexpr, GATE: tl.constexpr, COUNT: tl.constexpr,
              PRECISION: tl.constexpr, ACC: tl.constexpr):  # fmt: skip
    """The products of gradients, ``d[FIRST]`` and on, with the weights of gates ``GATE`` and on, added to ``start``."""
    total = start
    for m in tl.static_range(COUNT):
        total = dot(d[FIRST + m], weights[GATE + m], total, PRECISION, ACC)
    return total


@triton.jit
def tiled_sum_back(d, row, active, weight, start, column, FIRST: tl.constexpr, COUNT: tl.constexpr,
                    BLOCKS: tl.constexpr, H: tl.constexpr, BH: tl.constexpr, PRECISION: tl.constexpr,
                    ACC: tl.constexpr):  # fmt: skip
    """The same, with gradients and weights in memory."""
    total = start
    for k in range(0, H, BH):
        out = k + tl.arange(0, BH)
        mask = active & (out < H)[None, :]
        weights = read_weights(weight, out[:, None], column, FIRST, COUNT, H)
        for m in tl.static_range(COUNT):
            a = tl.load(d + (row * BLOCKS + FIRST + m) * H + out[None, :], mask=mask, other=0.0)
            total = dot(a, weights[m], total, PRECISION, ACC)
    return total


@triton.jit
def read_before(sums, extra, state, output, row, sequence, column, mask, had, fresh, apart, KEPT: tl.constexpr,
            STATES: tl.constexpr, GATES: tl.constexpr, EXTRA: tl.constexpr, H: tl.constexpr,
            ACC: tl.constexpr):  # fmt: skip
    """The states of the step before, in ``row`` where the sequence ``had`` one, else the initial ones."""
    initial = read(state + sequence * H + column, mask & fresh, STATES, apart, ACC)
    h = tl.load(output + row * H + column, mask=mask & had, other=0.0).to(ACC)
    others = read_record(sums, extra, row, column, mask & had, KEPT, STATES - 1, GATES, EXTRA, H, ACC)
    return choose(had, (h,) + others, initial, STATES)


@triton.jit
def masked(mask, tiles, COUNT: tl.constexpr, DTYPE: tl.constexpr):
    result = ()
    for m in tl.static_range(COUNT):
        result = result + (tl.where(mask, tiles[m], 0.0).to(DTYPE),)
    return result
