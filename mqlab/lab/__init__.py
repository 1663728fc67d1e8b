"""The verbs of a lab, one file each; also the Python API."""

from mqlab.lab.core import Lab

__all__ = ["Lab"]
