"""Points, scores and ways to qualify, as every report says them."""

from __future__ import annotations

from mqlab.reports import format as fmt

_PATHS = {"score": "by its score", "model": "by its model"}


def path(code: str | None) -> str:
    """By which way a lead qualified, in words.

    Example:
        >>> path("fast_track:hand-raise"), path("score"), path("matrix:A2")
        ('by its fast track hand-raise', 'by its score', 'by its cell A2')
    """
    if code is None:
        return "by no path that is known"
    kind, _, which = code.partition(":")
    named = {"fast_track": f"by its fast track {which}", "matrix": f"by its cell {which}"}
    return _PATHS.get(code) or named.get(kind, f"by {code}")


def kind(code: str) -> str:
    """A way to qualify as a name; what is none, such as a rule, stays as it is.

    Example:
        >>> kind("fast_track:demo"), kind("matrix:A2"), kind("score"), kind("pricing")
        ('fast track demo', 'grades A2', 'by score', 'pricing')
    """
    what, _, rest = code.partition(":")
    named = {"score": "by score", "model": "by the model"}
    return named.get(code) or {"fast_track": f"fast track {rest}", "matrix": f"grades {rest}"}.get(what, code)


def points(value: float) -> str:
    """Points, whole ones without decimals.

    Example:
        >>> points(30.0), points(7.25)
        ('30', '7.25')
    """
    return fmt.count(value) if round(value, 2) == round(value) else fmt.number(value)


def signed(value: float) -> str:
    """Points that a rule gave or took.

    Example:
        >>> signed(16), signed(-5)
        ('+16', '−5')
    """
    return f"{'+' if value > 0 else fmt.MINUS}{points(abs(value))}"
