"""What definitions read of leads and events: each way of reading a field or a property, once.

Two definitions may declare one field differently; then it is read twice. A reading turns a stored value into one of
the declared type, before its default, as `mqlab.definitions.fields.reader` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mqlab.definitions.candidates import expressions
from mqlab.definitions.model import (
    BandsRule,
    Definition,
    EventRule,
    FieldDecl,
    MapRule,
    PropDecl,
    Rule,
    WeightRule,
    WordsRule,
)
from mqlab.definitions.tree import Channel, FieldRef, Missing, Node, PropRef, Sum, TextTest
from mqlab.definitions.walk import channels, walk
from mqlab.leads.text import stored_name
from mqlab.leads.values import ValueType


@dataclass(frozen=True, slots=True)
class Reading:
    """How a field or a property, by its stored name, is read: its type, an enum's labels, what stands for nothing.

    `spaced`: the text is also needed as `mqlab.leads.text.spaced` writes it, for whole words are looked for in it.
    """

    name: str
    kind: ValueType
    labels: tuple[str, ...] = ()
    null_tokens: tuple[str, ...] = ()
    spaced: bool = False


@dataclass(frozen=True, slots=True)
class Readings:
    """Every reading of some definitions, in a fixed order: column `f<i>` of a view is `fields[i]`, `p<i>` `props[i]`.

    The spaced text of a reading that needs it is `f<i>s` or `p<i>s`.
    """

    fields: tuple[Reading, ...]
    props: tuple[Reading, ...]

    def field(self, wanted: Reading) -> str:
        """The column of a field's reading, whether or not it asks for spaced text."""
        return f"f{_place(self.fields, wanted)}"

    def prop(self, wanted: Reading) -> str:
        """The column of a property's reading."""
        return f"p{_place(self.props, wanted)}"


def readings_of(definitions: Sequence[Definition], beside: Sequence[Reading] = ()) -> Readings:
    """What the definitions read, and further readings of fields, such as those of segments."""
    fields: list[Reading] = list(beside)
    props: list[Reading] = []
    for definition in definitions:
        fields += _fields(definition, [expression.tree for expression in expressions(definition)])
        fields += [
            field_reading(definition, rule.field, spaced=isinstance(rule, WordsRule)) for rule in _still(definition)
        ]
        props += _props(definition)
    return Readings(_merged(fields), _merged(props))


def united(several: Iterable[Readings]) -> Readings:
    """All of several readings, each once."""
    found = tuple(several)
    return Readings(
        _merged([field for one in found for field in one.fields]),
        _merged([prop for one in found for prop in one.props]),
    )


def field_reading(definition: Definition, name: str, *, spaced: bool = False) -> Reading:
    """How a definition reads one of its fields; `source` is always text."""
    return _of(declared_field(definition, name), definition.null_tokens, spaced=spaced)


def declared_field(definition: Definition, name: str) -> FieldDecl:
    """The declaration of a field; `source` need not be declared."""
    return next((field for field in definition.fields if field.name == name), FieldDecl(name, "string"))


def prop_reading(definition: Definition, event: str | None, ref: PropRef, *, spaced: bool = False) -> Reading:
    """How a definition reads a property in a condition on `event`, or on any event (None)."""
    return _of(declared_prop(definition, event, ref), definition.null_tokens, spaced=spaced)


def declared_prop(definition: Definition, event: str | None, ref: PropRef) -> PropDecl:
    """The declaration of a property: the event's own wins over another event's, of others the last."""
    ordered = sorted(definition.events, key=lambda decl: decl.name == event)
    found = {prop.name: prop for decl in ordered for prop in decl.props}
    return found.get(ref.name, PropDecl(ref.name, ref.kind))


def rules(definition: Definition) -> Iterator[Rule]:
    """Every rule of every score."""
    for score in definition.scores:
        for group in score.groups:
            yield from group.rules


def channels_of(definition: Definition) -> Iterator[Channel]:
    """Every channel of rules and expressions."""
    for rule in rules(definition):
        if isinstance(rule, EventRule):
            yield rule.channel
    for expression in expressions(definition):
        yield from channels(expression.tree)


def _still(definition: Definition) -> Iterator[BandsRule | MapRule | WordsRule | WeightRule]:
    for rule in rules(definition):
        if isinstance(rule, BandsRule | MapRule | WordsRule | WeightRule):
            yield rule


def _fields(definition: Definition, trees: Sequence[Node]) -> list[Reading]:
    found = []
    for tree in trees:
        words = {node.subject for node in walk(tree) if isinstance(node, TextTest) and node.test == "has_word"}
        for node in walk(tree):
            if isinstance(node, FieldRef):
                found.append(field_reading(definition, node.name, spaced=node in words))
            elif isinstance(node, Missing):
                found.append(field_reading(definition, node.field))
    return found


def _props(definition: Definition) -> list[Reading]:
    found = []
    conditions: list[tuple[str | None, Node]] = [
        (channel.event, channel.where) for channel in channels_of(definition) if channel.where is not None
    ]
    if definition.ignore_events is not None:
        conditions.append((None, definition.ignore_events.tree))
    for event, tree in conditions:
        words = {node.subject for node in walk(tree) if isinstance(node, TextTest) and node.test == "has_word"}
        found += [
            prop_reading(definition, event, node, spaced=node in words)
            for node in walk(tree)
            if isinstance(node, PropRef)
        ]
    for expression in expressions(definition):
        found += [
            prop_reading(definition, node.channel.event, PropRef(node.prop, "number"))
            for node in walk(expression.tree)
            if isinstance(node, Sum)
        ]
    return found


def _of(decl: FieldDecl | PropDecl, null_tokens: tuple[str, ...], *, spaced: bool) -> Reading:
    labels = tuple(label.label for label in decl.labels)
    return Reading(stored_name(decl.name), decl.kind, labels, null_tokens, spaced)


def _merged(found: Sequence[Reading]) -> tuple[Reading, ...]:
    """Each reading once, spaced where anybody needs it, sorted."""
    plain = {replace(one, spaced=False) for one in found}
    spaced = {replace(one, spaced=False) for one in found if one.spaced}
    order = sorted(plain, key=lambda one: (one.name, one.kind, one.labels, one.null_tokens))
    return tuple(replace(one, spaced=one in spaced) for one in order)


def _place(readings: tuple[Reading, ...], wanted: Reading) -> int:
    plain = replace(wanted, spaced=False)
    return next(index for index, one in enumerate(readings) if replace(one, spaced=False) == plain)
