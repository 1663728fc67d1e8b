"""Definitions compiled to Ibis expressions: the same meaning as the evaluator's, run where the data is."""

from mqlab.warehouse.compile.sweep import crossings, decisions

__all__ = ["crossings", "decisions"]
