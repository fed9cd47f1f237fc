"""Columns of a table: what each is for, and how it becomes what a network reads or predicts."""
