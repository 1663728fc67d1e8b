"""A matrix of two grades: which score is the rows, which the columns, which cells qualify."""

from __future__ import annotations

from collections.abc import Mapping

from mqlab.definitions.document import MatrixSpec
from mqlab.definitions.draft import Draft
from mqlab.definitions.model import Grading, Matrix
from mqlab.errors import nearest
from mqlab.leads.text import normalise


def bind_matrix(draft: Draft, grades: Mapping[str, Grading], spec: MatrixSpec) -> Matrix | None:
    """The qualifying cells, the best first; None where the matrix does not fit the grades."""
    place = draft.key_place("qualify", "matrix")
    if len(grades) != 2:
        draft.wrong("MatrixShape", f"A matrix needs exactly two graded scores; `grades` has {len(grades)}.", place)
        return None
    labels = {score: {normalise(label): label for label, _ in grading.bounds} for score, grading in grades.items()}
    first, second = labels
    shared = sorted(labels[first].keys() & labels[second].keys())
    if shared:
        message = (
            f"The grades of '{first}' and '{second}' share the label '{labels[first][shared[0]]}': they must differ."
        )
        draft.wrong("MatrixShape", message, draft.key_place("grades", second, labels[second][shared[0]]))
        return None
    keys = {normalise(key): key for key in spec.matrix}
    if len(keys) < len(spec.matrix):
        draft.wrong("DuplicateKey", "A row of the matrix stands here twice, once normalised.", place)
        return None
    rows, columns = (
        (first, second)
        if len(keys.keys() & labels[first].keys()) >= len(keys.keys() & labels[second].keys())
        else (second, first)
    )
    sound = True
    for key in keys.keys() - labels[rows].keys():
        sound = False
        hint = nearest(keys[key], labels[rows].values()) or f"Its grades are {', '.join(labels[rows].values())}."
        draft.wrong(
            "UnknownGrade",
            f"The row '{keys[key]}' is no grade of '{rows}'.",
            draft.key_place("qualify", "matrix", keys[key]),
            hint,
        )
    chosen: set[tuple[str, str]] = set()
    for key, listed in spec.matrix.items():
        for index, cell in enumerate(listed):
            at = draft.place("qualify", "matrix", key, index)
            pair = (normalise(key), normalise(cell))
            if pair[1] not in labels[columns]:
                sound = False
                hint = (
                    nearest(cell, labels[columns].values()) or f"Its grades are {', '.join(labels[columns].values())}."
                )
                draft.wrong("UnknownGrade", f"'{cell}' is no grade of '{columns}'.", at, hint)
            elif pair in chosen:
                draft.wrong("DuplicateKey", f"The grade '{cell}' stands in this row twice.", at)
            chosen.add(pair)
    if not sound:
        return None
    cells = tuple(
        (row, column)
        for row, _ in grades[rows].bounds
        for column, _ in grades[columns].bounds
        if (normalise(row), normalise(column)) in chosen
    )
    return Matrix(rows, columns, cells)
