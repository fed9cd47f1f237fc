"""The report as one HTML page that needs nothing else: of a study with its verdicts, or of runs alone."""

from rnncompare.report.pages.overview import all_runs
from rnncompare.report.pages.runs import write_runs
from rnncompare.report.pages.study import write_study

__all__ = ["all_runs", "write_runs", "write_study"]
