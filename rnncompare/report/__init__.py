"""The report: figures, tables and pages made from records."""
