"""The report: figures, tables and pages made from records."""

from rnncompare.base.callable_module import make_callable

make_callable(__name__)
