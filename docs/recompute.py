"""Recompute a published study's verdicts on quality: docs/recompute.py results/published/second_study CLAIM ONE OTHER.
On each task of one condition with ten pairs, not solve-or-fail: the difference at rates chosen on the other half of the
seeds, with Student's interval; a side of the study's may be wider, as the farther of this one and a bootstrap's.
"""

import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats


def grid(entry, rates, scale, records, seeds):
    """Validation score, validation loss and test score of one arm, each (rates, seeds)."""
    sign = (1 if scale["higher_is_better"] else -1) * (100 if scale["metric"] == "accuracy" else 1)
    top = math.inf if scale["kind"] == "loss" else sign * scale["reference"]
    tables, cut = [[], [], []], []
    for rate in rates:
        runs = records.loc[[entry["runs"][str(rate)][seed] for seed in seeds]]
        worst = sign * runs["quality.baseline"].astype(float)
        lost = runs["status"] != "completed"
        cut.append((~lost & runs["quality.converged"].astype(object).ne(True)).mean())
        for table, name in zip(tables, ("validation", "validation_loss", "test"), strict=True):
            values = runs[f"quality.{name}"].astype(float)
            clipped = np.clip((sign * values).mask(lost).fillna(worst), worst, np.maximum(worst, top))
            table.append(values.mask(lost).fillna(np.inf) if name == "validation_loss" else clipped)
    validation, loss, test = (np.array(table, dtype=float) for table in tables)
    means, often = validation.mean(1), np.array(cut) > 0.2
    if (~often & (means >= means.max() - scale["margin"] / 4)).any():  # a rate whose runs end is as good
        validation[often] = worst.to_numpy()
    return validation, loss, test


def chosen(validation, loss, members):
    """The share of each rate in the choice that some seeds make: best mean validation, ties broken by loss."""
    means = validation[:, members].mean(1)
    best = means >= means.max() - 1e-9 * abs(means.max())
    losses = np.where(best, loss[:, members].mean(1), np.inf)
    best &= losses <= losses.min() + 1e-9 * abs(losses.min())
    return best / best.sum()


def compared(first, second, tested):
    """The mean difference and its 95 % and 90 % intervals, with the luck of tuning and of ``tested`` examples."""
    n = len(first[0][0])
    halves = [list(half) for half in itertools.combinations(range(n), n // 2)]
    judged = np.array([[seed not in half for seed in range(n)] for half in halves], dtype=float)
    one, other = (np.array([chosen(*arm[:2], half) @ arm[2] for half in halves]) for arm in (first, second))
    by_seed = (judged * (one - other)).sum(0) / judged.sum(0)
    mean = by_seed.mean()
    without = (judged * (one - other)).T @ judged / np.maximum(judged.T @ judged, 1)  # (seed, seed left out)
    pseudo = n * mean - (without.sum(0) - np.diag(without))
    whole, fixed = pseudo.var(), by_seed.var()
    wider = 1.0  # the luck of the choice is known from two halves only: 2 degrees of freedom (Satterthwaite)
    if whole > fixed:
        degrees = whole**2 / (fixed**2 / (n - 1) + (whole - fixed) ** 2 / 2)
        wider = max(1.0, stats.t.ppf(0.975, degrees) / stats.t.ppf(0.975, n - 1))
    error, share = wider * pseudo.std(ddof=1) / math.sqrt(n), n**2 / (n**2 + 25)  # few pairs hide their skew
    shares = [(judged * arm).sum(0) / judged.sum(0) / 100 for arm in (one, other)] if tested else [0, 0]
    test_error = 100 * math.sqrt(sum(np.mean(s) * (1 - np.mean(s)) for s in shares) / (tested or 1))
    tails = [(stats.t.ppf(1 - a * share, n - 1) * error, stats.norm.ppf(1 - a) * test_error) for a in (0.025, 0.05)]
    half = [math.hypot(*parts) for parts in tails]
    return mean, (mean - half[0], mean + half[0]), (mean - half[1], mean + half[1])


def verdict(wide, narrow, margin):
    """Better, worse, no difference that matters, or cannot tell."""
    if -margin < narrow[0] and narrow[1] < margin:
        return "no difference that matters"
    return "better" if wide[0] > margin else "worse" if wide[1] < -margin else "cannot tell"


def main(folder, claim, one, other):
    """Print the verdict on each task."""
    study = json.loads(Path(folder, "study.json").read_text())
    records = pd.read_parquet(f"{folder}/records.parquet").set_index("run_id").filter(regex="status|quality|examples")
    for task, scale in ((name, settings["scale"]) for name, settings in study["tasks"].items()):
        keys = [key for arm in (one, other) for key in study["arms"][claim][arm]]
        pair = [study["entries"][key] for key in keys if study["entries"][key]["task"] == task]
        first = [own for entry in pair for own in list(entry["runs"].values())[: entry["began"]]]
        seeds = [seed for seed in next(iter(first), ()) if all(own.get(seed) in records.index for own in first)]
        if len(pair) != 2 or scale["kind"] == "solve" or len(seeds) < 10:  # before its last look a study needs more
            continue
        whole = (all(e["runs"][str(r)].get(k) in records.index for e in pair for k in seeds) for r in pair[0]["rates"])
        rates = sorted(itertools.compress(pair[0]["rates"], whole))
        fixed = scale["fixed_test"] and scale["metric"] == "accuracy"
        tested = records.loc[first[0][seeds[0]], "data.test_examples"] if fixed else 0
        mean, wide, narrow = compared(*(grid(entry, rates, scale, records, seeds) for entry in pair), tested)
        said = f"[{wide[0]:+.4f}, {wide[1]:+.4f}]  {verdict(wide, narrow, scale['margin'])}"
        print(f"{scale['title']:32} {mean:+9.4f} {said}")


if __name__ == "__main__":
    main(*sys.argv[1:])
