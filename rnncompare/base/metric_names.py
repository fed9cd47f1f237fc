"""Metrics in words: their names with units, and which way is better."""

from __future__ import annotations

METRICS = {
    "mean_squared_error": "mean squared error",
    "cross_entropy": "cross-entropy (nats)",
    "bits_per_character": "bits per character",
    "nll_per_frame": "negative log-likelihood (nats per frame)",
}


def metric_label(metric: str | None) -> str:
    """A metric in words, with its unit."""
    return METRICS.get(metric, metric.replace("_", " ")) if metric else "metric"


def direction(higher_is_better: object) -> str:
    """Which way of a metric is better."""
    return f"{'higher' if higher_is_better else 'lower'} is better"
