"""The heavy questions as Ibis expressions, run in an engine."""
