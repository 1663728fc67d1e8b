"""What an error says."""

from __future__ import annotations

from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest


def test_an_error_says_where_what_and_what_next():
    """File, line and path first, then the message with its hint, then the code."""
    error = InputError(
        "unknown field 'job_titel'.",
        code="UnknownField",
        place=Place("definitions/a@1.0.0.yaml", 14, 3, "qualify"),
        hint="Did you mean 'job_title'?",
    )

    assert str(error).splitlines() == [
        "definitions/a@1.0.0.yaml:14:3  qualify",
        "  unknown field 'job_titel'. Did you mean 'job_title'?",
        "  (UnknownField)",
    ]
    assert error.exit_code == 2


def test_all_problems_are_told():
    """An error of several problems lists each, in order."""
    error = ProblemsFound([Problem("A", "first."), Problem("B", "second.")])

    assert str(error).index("first.") < str(error).index("second.")
    assert [problem.code for problem in error.problems] == ["A", "B"]


def test_only_what_is_near_is_suggested():
    """A hint names the nearest known word, and nothing where none is near."""
    assert nearest("zzz", ["employees", "title"]) is None
