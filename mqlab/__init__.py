"""A/B experiments on definitions of a marketing qualified lead."""

__version__ = "0.1.0"
