"""Objectives: pooled sums and counts are the mean over all that is scored, whatever the batches."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncompare.tasks.contract.objectives import (
    IGNORED,
    BitsPerCharacter,
    Classification,
    CrossEntropy,
    Frames,
    Objective,
    Regression,
)

B, T, K = 11, 6, 3
CLASSES = [Classification, CrossEntropy, BitsPerCharacter]
cuts = st.sets(st.integers(1, B - 1)).map(sorted)


def pooled(objective: Objective, outputs, targets, steps, cuts) -> tuple[float, float, int]:
    """Mean loss, finished mean metric and count, from uneven batches cut at ``cuts``; the batch axis is second."""
    axis = 0 if objective.readout == "last" else 1
    loss, metric, count = 0.0, 0.0, 0
    for start, end in zip([0, *cuts], [*cuts, B], strict=True):
        part = [t.narrow(axis, start, end - start) for t in (outputs, targets)]
        in_use = None if steps is None else steps[:, start:end]
        sums = objective.totals(*part, in_use)
        assert all(total.ndim == 0 for total in sums)
        loss, metric, count = loss + sums[0].item(), metric + sums[1].item(), count + sums[2].item()
    return loss / count, objective.finish(metric / count), count


def lengths_mask(seed: int) -> torch.Tensor:
    lengths = torch.randint(1, T + 1, (B,), generator=torch.Generator().manual_seed(seed))
    return torch.arange(T)[:, None] < lengths


@pytest.mark.parametrize("objective_class", CLASSES)
@pytest.mark.parametrize("readout", ["last", "every"])
@given(cuts=cuts, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_classes_pool_over_all_that_is_scored(objective_class, readout, cuts, seed):
    torch.manual_seed(seed)
    shape = (B,) if readout == "last" else (T, B)
    outputs, targets = torch.randn(*shape, K, dtype=torch.float64), torch.randint(K, shape)
    targets[torch.rand(shape) < 0.3] = IGNORED
    targets.view(-1)[0] = 1  # something is scored
    objective = objective_class(outputs=K, readout=readout)
    loss, metric, count = pooled(objective, outputs, targets, None, cuts)

    rows, classes = outputs.reshape(-1, K), targets.reshape(-1)
    scored = [(row, c) for row, c in zip(rows, classes.tolist(), strict=True) if c != IGNORED]
    nats = sum(-math.log(row.softmax(0)[c]) for row, c in scored) / len(scored)
    accuracy = sum(row.tolist().index(max(row.tolist())) == c for row, c in scored) / len(scored)
    assert count == len(scored)
    assert loss == pytest.approx(nats)
    expected = {"accuracy": accuracy, "cross_entropy": nats, "bits_per_character": nats / math.log(2)}
    assert metric == pytest.approx(expected[objective.metric])


@pytest.mark.parametrize("masked", [False, True])
@given(cuts=cuts, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_values_pool_over_the_steps_in_use(masked, cuts, seed):
    torch.manual_seed(seed)
    outputs, targets = torch.randn(T, B, K, dtype=torch.float64), torch.randn(T, B, K, dtype=torch.float64)
    steps = lengths_mask(seed) if masked else torch.ones(T, B, dtype=torch.bool)
    loss, metric, count = pooled(Regression(K, "every"), outputs, targets, steps if masked else None, cuts)
    expected = F.mse_loss(outputs[steps], targets[steps]).item()
    assert (loss, metric) == (pytest.approx(expected), pytest.approx(expected))
    assert count == steps.sum() * K


@given(cuts=cuts, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_values_after_the_last_step_are_all_scored_however_long_the_sequences(cuts, seed):
    torch.manual_seed(seed)
    outputs, targets = torch.randn(B, K, dtype=torch.float64), torch.randn(B, K, dtype=torch.float64)
    expected = F.mse_loss(outputs, targets).item()
    for steps in (None, lengths_mask(seed)):
        assert pooled(Regression(K, "last"), outputs, targets, steps, cuts)[0] == pytest.approx(expected)


@pytest.mark.parametrize("masked", [False, True])
@given(cuts=cuts, seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_frames_pool_over_frames_not_keys_nor_sequences(masked, cuts, seed):
    torch.manual_seed(seed)
    outputs, targets = torch.randn(T, B, K, dtype=torch.float64), torch.rand(T, B, K, dtype=torch.float64).round()
    steps = lengths_mask(seed) if masked else torch.ones(T, B, dtype=torch.bool)
    loss, metric, count = pooled(Frames(K, "every"), outputs, targets, steps if masked else None, cuts)
    p = outputs.sigmoid()
    nll = -(targets * p.log() + (1 - targets) * (1 - p).log()).sum(-1)
    assert (loss, metric) == (pytest.approx(nll[steps].mean().item()), pytest.approx(nll[steps].mean().item()))
    assert count == steps.sum()


@pytest.mark.parametrize("objective_class", [*CLASSES, Regression, Frames])
def test_padding_changes_neither_sums_nor_gradients(objective_class):
    torch.manual_seed(0)
    steps, objective = lengths_mask(0), objective_class(K, "every")
    outputs = torch.randn(T, B, K, requires_grad=True)
    if objective_class in CLASSES:
        targets = torch.randint(K, (T, B)).masked_fill(~steps, IGNORED)
    else:
        targets = torch.rand(T, B, K)
    loss, metric, count = objective.totals(outputs, targets, steps)
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert (gradient[~steps] == 0).all()
    assert (gradient[steps] != 0).any(-1).all()
    assert not metric.requires_grad
    other = torch.where(steps[..., None], outputs.detach(), torch.randn(T, B, K))
    for before, after in zip((loss, metric, count), objective.totals(other, targets, steps), strict=True):
        torch.testing.assert_close(before.detach(), after)


def test_directions_and_units():
    assert Classification.higher_is_better
    assert not any(objective.higher_is_better for objective in (CrossEntropy, BitsPerCharacter, Regression, Frames))
    assert BitsPerCharacter(2, "every").finish(math.log(2)) == pytest.approx(1)
    assert Regression(1, "last").finish(0.25) == 0.25
