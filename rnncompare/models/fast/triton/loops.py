"""The loops over all steps, forward and backward, one for every cell: what is pointwise in a step is a parameter.

A program takes one run and one block of sequences, and all H units, so that no program waits for another. The weights
stay on chip where they fit (``ON_CHIP``: one tile holds all units); otherwise a step goes through tiles of ``BH`` units
with their sums over ``BH`` units at a time, and what one tile computes the others read from memory after a barrier.

Common arguments, R runs of B sequences with N rows in all, one step after another (see `Steps`):

- ``length`` ``(B,)``, ``first`` ``(T,)``: the steps of a sequence, never growing, and the first row of a step; not read
  where all sequences are of one length (``DENSE``).
- ``sums`` ``(R, N, GATES, H)``, ``extra`` ``(R, N, EXTRA, H)``: a record of every row. Its blocks are what the cell
  keeps, then the states but the output, then the inner operand; the first ``GATES`` lie in ``sums``.
- ``weight`` ``(R, GATES, H, H)``, of rows by block and unit.
- ``state`` ``(STATES, R, B, H)``, in the dtype of sums: the initial ones on entry, the final ones on return.

`Equations` explains the other constants.
"""

from __future__ import annotations

import triton
import triton.language as tl

from rnncompare.models.fast.triton.tiles import (
    choose,
    masked,
    own_sequences,
    products,
    read,
    read_before,
    read_biases,
    read_record,
    read_weights,
    sum_back,
    tiled_products,
    tiled_sum_back,
    write,
    write_record,
    zeros,
)


@triton.jit(do_not_specialize=["steps", "batch", "rows", "runs"])
def forward(sums, extra, weight, bias, state, exchange, output, length, first, steps, batch, rows, runs,
            STEP: tl.constexpr, RESET: tl.constexpr, GATES: tl.constexpr, KEPT: tl.constexpr,
            EXTRA: tl.constexpr, STATES: tl.constexpr, EARLY: tl.constexpr, INNER: tl.constexpr, H: tl.constexpr,
            BB: tl.constexpr, BH: tl.constexpr, ON_CHIP: tl.constexpr, DENSE: tl.constexpr, REVERSE: tl.constexpr,
            SAVE: tl.constexpr, BIAS: tl.constexpr, ACC: tl.constexpr, PRECISION: tl.constexpr):  # fmt: skip
    """All steps of one run and one block of sequences.

    On entry ``sums`` has the input's part of all gates; on return the record, if ``SAVE``.

    Args:
        bias: ``(R, GATES, H)``, added to the products with h.
        exchange: ``(3, R, B, H)``, h of the step before, of this step, and the inner operand; not used ``ON_CHIP``. The
            first is the initial h on entry.
        output: ``(R, N, H)``, written.
    """
    run, sequence, exists, count, lasting = own_sequences(length, steps, batch, BB, DENSE)
    batch = batch.to(tl.int64)
    weight += run * GATES * H * H
    bias += run * GATES * H
    state += run * batch * H
    exchange += run * batch * H
    sums += run * rows * GATES * H
    extra += run * rows * EXTRA * H
    output += run * rows * H
    apart = runs * batch * H
    GATED: tl.constexpr = GATES - INNER - EARLY
    DTYPE: tl.constexpr = output.dtype.element_ty

    column = tl.arange(0, BH)[None, :]
    here = exists & (column < H)
    place = state + sequence * H + column
    values = read(place, here, STATES, apart, ACC)
    if ON_CHIP:
        weights = read_weights(weight, column, tl.arange(0, BH)[:, None], 0, GATES, H)
        biases = read_biases(bias, column, 0, GATES, H, BB, BH, BIAS, ACC)
    # Triton wants what outlives a loop to be there before it.
    inner = tl.full((BB, BH), 0.0, DTYPE)
    for s in range(0, count):
        t = count - 1 - s if REVERSE else s
        row = (t * batch if DENSE else tl.load(first + t)) + sequence
        active = t < lasting
        now = exchange + (s % 2) * apart
        if RESET is not None:
            for j in range(0, H, BH):
                column = j + tl.arange(0, BH)[None, :]
                here = active & (column < H)
                x = read(sums + row * GATES * H + column, here, EARLY, H, ACC)
                if ON_CHIP:
                    p = products(values[0].to(DTYPE), weights, biases, 0, EARLY, PRECISION, ACC)
                else:
                    values = read(state + sequence * H + column, exists & (column < H), STATES, apart, ACC)
                    p = read_biases(bias, column, 0, EARLY, H, BB, BH, BIAS, ACC)
                    p = tiled_products(now, sequence, exists, weight, p, column, 0, EARLY, H, BH, PRECISION, ACC)
                inner, kept = RESET(x, p, values)
                inner = inner.to(DTYPE)
                if SAVE:
                    write_record(sums, extra, row, column, here, kept, 0, EARLY, GATES, EXTRA, H)
                    write_record(sums, extra, row, column, here, (inner,), KEPT + STATES - 1, 1, GATES, EXTRA, H)
                if not ON_CHIP:
                    tl.store(exchange + 2 * apart + sequence * H + column, inner, mask=here)
            if not ON_CHIP:
                tl.debug_barrier()
        for j in range(0, H, BH):
            column = j + tl.arange(0, BH)[None, :]
            here = active & (column < H)
            x = read(sums + (row * GATES + EARLY) * H + column, here, GATES - EARLY, H, ACC)
            if ON_CHIP:
                p = products(values[0].to(DTYPE), weights, biases, EARLY, GATED, PRECISION, ACC)
                if RESET is not None:
                    p = p + products(inner, weights, biases, EARLY + GATED, INNER, PRECISION, ACC)
            else:
                values = read(state + sequence * H + column, exists & (column < H), STATES, apart, ACC)
                p = read_biases(bias, column, EARLY, GATED, H, BB, BH, BIAS, ACC)
                p = tiled_products(now, sequence, exists, weight, p, column, EARLY, GATED, H, BH, PRECISION, ACC)
                if RESET is not None:
                    q = read_biases(bias, column, EARLY + GATED, INNER, H, BB, BH, BIAS, ACC)
                    p = p + tiled_products(exchange + 2 * apart, sequence, exists, weight, q, column, EARLY + GATED,
                                            INNER, H, BH, PRECISION, ACC)  # fmt: skip
            new, kept = STEP(x, p, values)
            if SAVE:
                write_record(sums, extra, row, column, here, kept, EARLY, KEPT - EARLY, GATES, EXTRA, H)
                write_record(sums, extra, row, column, here, new[1:], KEPT, STATES - 1, GATES, EXTRA, H)
            tl.store(output + row * H + column, new[0].to(DTYPE), mask=here)
            values = choose(here, new, values, STATES)
            if not ON_CHIP:
                write(state + sequence * H + column, here, values, STATES, apart)
                following = exchange + ((s + 1) % 2) * apart + sequence * H + column
                tl.store(following, values[0].to(DTYPE), mask=exists & (column < H))
        if not ON_CHIP:
            tl.debug_barrier()
    if ON_CHIP:
        write(place, exists & (column < H), values, STATES, apart)


@triton.jit(do_not_specialize=["steps", "batch", "rows", "runs"])
def backward(sums, extra, weight, state, output, d_output, d_state, d, length, first, steps, batch, rows, runs,
             STEP: tl.constexpr, RESET: tl.constexpr, GATES: tl.constexpr, KEPT: tl.constexpr,
             EXTRA: tl.constexpr, STATES: tl.constexpr, EARLY: tl.constexpr, INNER: tl.constexpr, BLOCKS: tl.constexpr,
             H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, ON_CHIP: tl.constexpr, DENSE: tl.constexpr,
             REVERSE: tl.constexpr, HAS_D_OUTPUT: tl.constexpr, ACC: tl.constexpr,
             PRECISION: tl.constexpr):  # fmt: skip
    """All steps back of one run and one block of sequences.

    Args:
        weight: with its blocks in the order of d.
        state: the initial states.
        d_output: the gradient of the output, ``(R, N, H)``; not read unless ``HAS_D_OUTPUT``.
        d_state: in the dtype of sums: the gradients of the final states on entry, of the initial ones on return.
        d: ``(R, N, BLOCKS, H)``, written: the gradients of the products, then of what else the gates sum.
    """
    run, sequence, exists, count, lasting = own_sequences(length, steps, batch, BB, DENSE)
    batch = batch.to(tl.int64)
    weight += run * GATES * H * H
    state += run * batch * H
    d_state += run * batch * H
    sums += run * rows * GATES * H
    extra += run * rows * EXTRA * H
    output += run * rows * H
    d_output += run * rows * H
    d += run * rows * BLOCKS * H
    apart = runs * batch * H
    GATED: tl.constexpr = GATES - INNER - EARLY
    DTYPE: tl.constexpr = d.dtype.element_ty

    column = tl.arange(0, BH)[None, :]
    place = d_state + sequence * H + column
    carried = read(place, exists & (column < H), STATES, apart, ACC)
    if ON_CHIP:
        weights = read_weights(weight, tl.arange(0, BH)[:, None], column, 0, GATES, H)
    # Triton wants what outlives a loop to be there before it.
    d_early = zeros(EARLY, BB, BH, DTYPE)
    d_sums = zeros(BLOCKS - EARLY, BB, BH, DTYPE)
    for s in range(0, count):
        t = s if REVERSE else count - 1 - s
        earlier = t + 1 if REVERSE else t - 1
        active = t < lasting
        moment = tl.where(exists, earlier, 0)
        had = moment < lasting if REVERSE else moment >= 0
        fresh = moment >= lasting if REVERSE else moment < 0
        row = (t * batch if DENSE else tl.load(first + t)) + sequence
        row_before = sequence + (
            earlier * batch if DENSE else tl.load(first + earlier, mask=earlier < count if REVERSE else t > 0, other=0)
        )
        for j in range(0, H, BH):
            column = j + tl.arange(0, BH)[None, :]
            here = active & (column < H)
            if not ON_CHIP:
                carried = read(d_state + sequence * H + column, exists & (column < H), STATES, apart, ACC)
            given = carried
            if HAS_D_OUTPUT:
                d_h = carried[0] + tl.load(d_output + row * H + column, mask=here, other=0.0).to(ACC)
                given = (d_h,) + carried[1:]
            kept = read_record(sums, extra, row, column, here, 0, KEPT, GATES, EXTRA, H, ACC)
            before = read_before(sums, extra, state, output, row_before, sequence, column, here, had, fresh, apart,
                                 KEPT, STATES, GATES, EXTRA, H, ACC)  # fmt: skip
            h = tl.load(output + row * H + column, mask=here, other=0.0).to(ACC)
            after = (h,) + read_record(sums, extra, row, column, here, KEPT, STATES - 1, GATES, EXTRA, H, ACC)
            d_sums, direct = STEP(given, kept, before, after)
            d_sums = masked(here, d_sums, BLOCKS - EARLY, DTYPE)
            write(d + (row * BLOCKS + EARLY) * H + column, here, d_sums, BLOCKS - EARLY, H)
            carried = choose(here, direct, carried, STATES)
            if not ON_CHIP:
                write(d_state + sequence * H + column, here, carried, STATES, apart)
        if not ON_CHIP:
            tl.debug_barrier()
        if RESET is not None:
            for j in range(0, H, BH):
                column = j + tl.arange(0, BH)[None, :]
                here = active & (column < H)
                d_inner = tl.full((BB, BH), 0.0, ACC)
                if ON_CHIP:
                    d_inner = sum_back(d_sums, weights, d_inner, GATED, EARLY + GATED, INNER, PRECISION, ACC)
                else:
                    carried = read(d_state + sequence * H + column, exists & (column < H), STATES, apart, ACC)
                    d_inner = tiled_sum_back(d, row, active, weight, d_inner, column, EARLY + GATED, INNER, BLOCKS, H,
                                              BH, PRECISION, ACC)  # fmt: skip
                kept = read_record(sums, extra, row, column, here, 0, EARLY, GATES, EXTRA, H, ACC)
                before = read_before(sums, extra, state, output, row_before, sequence, column, here, had, fresh, apart,
                                     KEPT, STATES, GATES, EXTRA, H, ACC)  # fmt: skip
                d_early, direct = RESET(d_inner, kept, before)
                d_early = masked(here, d_early, EARLY, DTYPE)
                write(d + row * BLOCKS * H + column, here, d_early, EARLY, H)
                carried = (carried[0] + tl.where(here, direct, 0.0),) + carried[1:]
                if not ON_CHIP:
                    write(d_state + sequence * H + column, here, carried, STATES, apart)
            if not ON_CHIP:
                tl.debug_barrier()
        for j in range(0, H, BH):
            column = j + tl.arange(0, BH)[None, :]
            if ON_CHIP:
                d_h = sum_back(d_early, weights, carried[0], 0, 0, EARLY, PRECISION, ACC)
                d_h = sum_back(d_sums, weights, d_h, 0, EARLY, GATED, PRECISION, ACC)
                carried = (d_h,) + carried[1:]
            else:
                place = d_state + sequence * H + column
                d_h = tl.load(place, mask=exists & (column < H), other=0.0)
                d_h = tiled_sum_back(d, row, active, weight, d_h, column, 0, EARLY + GATED, BLOCKS, H, BH, PRECISION,
                                      ACC)  # fmt: skip
                tl.store(place, d_h, mask=exists & (column < H))
        if not ON_CHIP:
            tl.debug_barrier()
    if ON_CHIP:
        write(place, exists & (column < H), carried, STATES, apart)
