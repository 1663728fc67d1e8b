"""A/B experiments on definitions of a marketing qualified lead.

`mqlab.Lab` is the Python API: the same verbs as the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqlab.lab import Lab

__version__ = "0.1.0"
__all__ = ["Lab", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Lab":
        from mqlab.lab import Lab

        return Lab
    raise AttributeError(f"module 'mqlab' has no attribute '{name}'")
