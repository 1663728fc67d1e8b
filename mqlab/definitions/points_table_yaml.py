"""The pieces of a definition file's text: rules in one line, ids, quoted texts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from mqlab.definitions.points_table_rows import TableRule, identifier
from mqlab.definitions.scope import RESERVED

PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9 /@._-]*[A-Za-z0-9]|[0-9]+\.[0-9]+\.[0-9]+")


def rule_line(name: str, rule: TableRule, condition: str | None) -> str:
    """A rule in YAML's flow style."""
    parts = [f"id: {name}"]
    if rule.event is None:
        parts.append(f"when: {quoted(condition or 'true')}")
    elif rule.counts is not None:
        within = f", within={str(rule.options['within'])!r}" if "within" in rule.options else ""
        parts.append(f"when: {quoted(_count_condition(f'count({rule.event}{within})', rule.counts))}")
    else:
        parts.append(f"event: {rule.event}")
        if condition is not None:
            parts.append(f"where: {quoted(condition)}")
    parts.append(f"points: {rule.points:.15g}")
    if rule.counts is None:
        for key, value in rule.options.items():
            told = value if isinstance(value, str) else f"{value:.15g}"
            parts.append(f"decay: {{half_life: {told}}}" if key == "half_life" else f"{key}: {told}")
    return f"{{{', '.join(parts)}}}"


def _count_condition(counted: str, bound: str) -> str:
    """A count beside its bound, which was made for a nameless value: `>= 3`, or `2 <=  <= 5`."""
    between = re.fullmatch(r"(\S+) <=\s+<= (\S+)", bound)
    return f"{between[1]} <= {counted} <= {between[2]}" if between else f"{counted} {bound}"


def unique_ids(names: Sequence[str], *, identifiers: bool = False) -> list[str]:
    """An id for each name: Latin letters, digits and dashes (underscores for identifiers), each only once."""
    found: list[str] = []
    for position, name in enumerate(names, start=1):
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or f"rule-{position}"
        plain = identifier(plain) or plain if identifiers else plain
        candidate, number_of_it = plain, 2
        while candidate in found:
            candidate = f"{plain}{'_' if identifiers else '-'}{number_of_it}"
            number_of_it += 1
        found.append(candidate)
    return found


def scalar(value: str) -> str:
    """A text in the header: as it is where YAML reads it so, else in quotes."""
    return value if PLAIN_TEXT.fullmatch(value) and value.lower() not in RESERVED else quoted(value)


def quoted(text: str) -> str:
    """A text in quotes, as YAML and JSON both read it."""
    return json.dumps(text, ensure_ascii=False)
