"""Combinations of settings: few that hold every pair of values, and all of them for the nightly run."""

import itertools

import pytest


def every(*factors):
    """The full product of the factors."""
    return list(itertools.product(*factors))


def covering(*factors, strength=2):
    """Rows of which some one holds any two values of any two factors (or three), chosen greedily from the full product.

    Most faults of a combination need no more than two settings to show (Kuhn, Wallace and Gallo, 2004).
    """

    def held(row):
        return set(itertools.combinations(enumerate(row), strength))

    rows = every(*(range(len(factor)) for factor in factors))
    missing = set().union(*map(held, rows))
    chosen = []
    while missing:
        best = max(rows, key=lambda row: len(missing & held(row)))
        missing -= held(best)
        chosen.append(tuple(factor[place] for factor, place in zip(factors, best, strict=True)))
    return chosen


def covering_and_nightly(names, *factors, strength=2):
    """Parametrises a test with the name ``names``: `covering` rows, and `every` one at night."""
    few = pytest.param(covering(*factors, strength=strength), id="covering")
    return pytest.mark.parametrize(names, [few, pytest.param(every(*factors), id="every", marks=pytest.mark.nightly)])
