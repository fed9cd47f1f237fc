"""What people claim, how each claim is measured, and the verdicts that the measurements allow."""

from rnncompare.claims.claim import Claim, load, names

__all__ = ["Claim", "load", "names"]
