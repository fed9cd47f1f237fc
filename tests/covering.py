"""Combinations of settings: few that hold every pair of values, and all of them for the nightly run."""

import itertools

import pytest


def every(*factors):
    """The full product of the factors."""
    return list(itertools.product(*factors))


def pairwise(*factors):
    """Rows of which some one holds any two values of any two factors, chosen greedily from the full product.

    Most faults of a combination need no more than two settings to show (Kuhn, Wallace and Gallo, 2004).
    """
    rows = every(*(range(len(factor)) for factor in factors))
    missing = {pair for row in rows for pair in _pairs(row)}
    chosen = []
    while missing:
        best = max(rows, key=lambda row: len(missing & _pairs(row)))
        missing -= _pairs(best)
        chosen.append(tuple(factor[place] for factor, place in zip(factors, best, strict=True)))
    return chosen


def pairwise_and_nightly(names, *factors):
    """Parametrises a test with the name ``names``: `pairwise` rows, and `every` one at night."""
    at_night = pytest.param(every(*factors), id="every", marks=pytest.mark.nightly)
    return pytest.mark.parametrize(names, [pytest.param(pairwise(*factors), id="pairwise"), at_night])


def _pairs(row):
    return set(itertools.combinations(enumerate(row), 2))
