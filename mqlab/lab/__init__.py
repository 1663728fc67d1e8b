"""The verbs of a lab, one file each; also the Python API.

Example:
    >>> import mqlab
    >>> lab = mqlab.Lab.open(".")  # doctest: +SKIP
    >>> print(lab.analyze("2026q3-intent"))  # doctest: +SKIP
"""

from mqlab.lab.core import Lab

__all__ = ["Lab"]
