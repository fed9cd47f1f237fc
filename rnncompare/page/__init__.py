"""The report as one HTML page that needs nothing else: of a study with its verdicts, or of runs alone."""

from rnncompare.page.overview import all_runs
from rnncompare.page.runs import write_runs
from rnncompare.page.study import write_study

__all__ = ["all_runs", "write_runs", "write_study"]
