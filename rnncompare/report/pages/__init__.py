"""The report as one HTML page that needs nothing else: of a study with its verdicts, or of runs alone."""

from rnncompare.report.pages.overview import all_runs
from rnncompare.report.pages.runs_page import write_runs
from rnncompare.report.pages.study_page import write_study

__all__ = ["all_runs", "write_runs", "write_study"]
