"""A disagreement made as small as it gets, and told so that it can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from mqlab.definitions.model import Definition
from mqlab.errors import InputError
from mqlab.leads.instants import instant, iso
from mqlab.leads.records import History
from tests.warehouse.agreement.answers import Answer, Answers, Ask, in_python
from tests.warehouse.agreement.makes import Example, Judged, load

TRIES = 200
"""How often the engine is asked while a disagreement is made smaller."""
Pair = tuple[int, int]
Item = TypeVar("Item")


def disagreements(expected: Answers, actual: Answers, tolerance: float) -> list[Pair]:
    """The pairs (definition, lead) about which the two sides differ."""
    return [
        (number, at)
        for number, (ours, theirs) in enumerate(zip(expected, actual, strict=True))
        for at, (one, other) in enumerate(zip(ours, theirs, strict=True))
        if not one.agrees(other, tolerance)
    ]


def check(example: Example, ask: Ask, tolerance: float) -> Answers:
    """The evaluator's answers, where the engine gives the same; else an AssertionError that tells the difference."""
    expected = in_python(example)
    try:
        actual = ask(example)
    except Exception as error:
        error.add_note(f"{example.name} at {iso(example.as_of)}:\n" + "\n---\n".join(example.texts))
        raise
    wrong = disagreements(expected, actual, tolerance)
    if wrong:
        small = Smaller(ask, tolerance).example(example, wrong[0])
        raise AssertionError(told(example, small, in_python(small), ask(small), wrong))
    return expected


class Smaller:
    """Leaves out whatever the disagreement does not need."""

    def __init__(self, ask: Ask, tolerance: float) -> None:
        self._ask = ask
        self._tolerance = tolerance
        self._left = TRIES

    def differs(self, example: Example) -> bool:
        """Whether the two sides still differ."""
        self._left -= 1
        return self._left > 0 and bool(disagreements(in_python(example), self._ask(example), self._tolerance))

    def example(self, example: Example, pair: Pair) -> Example:
        """The example with fewer definitions, leads, facts and lines, as long as the two sides differ."""
        number, at = pair
        steps: list[Callable[[Example], Example]] = [
            lambda one: replace(one, texts=one.texts[number : number + 1], definitions=(one.definitions[number],)),
            lambda one: replace(one, leads=_account(one.leads, at)),
        ]
        for step in steps:
            smaller = step(example)
            if self.differs(smaller):
                example = smaller
        example = self._fewer(example, example.leads, lambda leads: replace(example, leads=tuple(leads)))
        for position in range(len(example.leads)):
            example = self._facts(example, position)
        for position in range(len(example.texts)):
            example = self._lines(example, position)
        return example

    def _facts(self, example: Example, position: int) -> Example:
        """A lead with fewer events and changes."""
        before = example

        def with_events(items: Sequence[object]) -> Example:
            return _with(before, position, replace(before.leads[position].history, events=tuple(items)))

        def with_changes(items: Sequence[object]) -> Example:
            return _with(before, position, replace(before.leads[position].history, field_changes=tuple(items)))

        before = self._fewer(before, before.leads[position].history.events, with_events)
        return self._fewer(before, before.leads[position].history.field_changes, with_changes)

    def _fewer(self, example: Example, items: Sequence[Item], make: Callable[[Sequence[Item]], Example]) -> Example:
        """Drop items, half of them at a time, then one by one."""
        kept = list(items)
        size = max(len(kept) // 2, 1)
        while kept and self._left > 0:
            for start in range(0, len(kept), size):
                fewer = kept[:start] + kept[start + size :]
                smaller = make(fewer)
                if smaller.leads and self.differs(smaller):
                    kept, example = fewer, smaller
                    break
            else:
                if size == 1:
                    break
                size //= 2
        return example

    def _lines(self, example: Example, position: int) -> Example:
        """A definition with fewer lines, where it still is one."""
        lines = example.texts[position].splitlines()
        for line in lines[::-1]:
            fewer = [other for other in lines if other is not line]
            definition = _loaded("\n".join(fewer) + "\n", example.definitions[position])
            if definition is None:
                continue
            texts, definitions = list(example.texts), list(example.definitions)
            texts[position], definitions[position] = "\n".join(fewer) + "\n", definition
            smaller = replace(example, texts=tuple(texts), definitions=tuple(definitions))
            if self.differs(smaller):
                lines, example = fewer, smaller
        return example


def _loaded(text: str, like: Definition) -> Definition | None:
    try:
        return load(text, like.null_tokens)
    except InputError:
        return None


def _account(leads: tuple[Judged, ...], at: int) -> tuple[Judged, ...]:
    """A lead and its colleagues."""
    account = leads[at].account
    return tuple(
        judged for position, judged in enumerate(leads) if position == at or (account and judged.account == account)
    )


def _with(example: Example, position: int, history: History) -> Example:
    leads = list(example.leads)
    leads[position] = replace(leads[position], history=history)
    return replace(example, leads=tuple(leads))


def told(example: Example, small: Example, expected: Answers, actual: Answers, wrong: Sequence[Pair]) -> str:
    """The disagreement in words: how to make it again, what is judged, what both sides say."""
    lines = [f"{example.name}: {len(wrong)} pairs differ, the first is definition {wrong[0][0]}, lead {wrong[0][1]}."]
    lines += [f"as_of {iso(small.as_of)} ({small.as_of_us})", *small.texts]
    lines += [f"null tokens {definition.null_tokens}" for definition in small.definitions]
    for at, judged in enumerate(small.leads):
        lines += _lead(judged)
        for number in range(len(small.definitions)):
            lines.append(f"  evaluator, definition {number}: {_said(expected[number][at])}")
            lines.append(f"  engine,    definition {number}: {_said(actual[number][at])}")
    return "\n".join(lines)


def _lead(judged: Judged) -> Iterator[str]:
    lead, history = judged.history.lead, judged.history
    until = None if judged.until_us is None else iso(instant(judged.until_us))
    yield f"{lead.lead_id} of {judged.account}, from {iso(instant(judged.start_us))} until {until}"
    yield f"  created {iso(lead.created_at)}, source {lead.source!r}, domain {lead.email_domain!r}, row {lead.row_is}"
    yield f"  fields {dict(lead.fields)!r}"
    for event in history.events:
        yield (
            f"  {event.name} at {iso(event.occurred_at)} known {iso(event.known_at)} "
            f"id {event.event_id!r} of {event.source!r} version {event.version} {dict(event.props)!r}"
        )
    for change in history.field_changes:
        yield f"  {change.field} = {change.value!r} at {iso(change.changed_at)} known {iso(change.known_at)}"


def _said(answer: Answer) -> str:
    at = (
        None if answer.qualified_at_us is None else f"{iso(instant(answer.qualified_at_us))} ({answer.qualified_at_us})"
    )
    return (
        f"{answer.verdict} by {answer.path} at {at}, holds {answer.holds_now}, scores {answer.scores}, "
        f"probability {answer.probability}"
    )
