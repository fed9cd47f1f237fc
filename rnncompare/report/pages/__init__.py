"""The report as one HTML page that needs nothing else: of a study with its verdicts, or of runs alone."""

from rnncompare.report.pages.earlier import earlier_runs, write_earlier_study
from rnncompare.report.pages.run_lists import all_runs
from rnncompare.report.pages.runs_page import write_runs
from rnncompare.report.pages.study_page import write_study

__all__ = ["all_runs", "earlier_runs", "write_earlier_study", "write_runs", "write_study"]
