"""Fields, lists and events: what a definition declares before it says anything with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mqlab.definitions.document import EnumValues, FieldSpec, ImputeSpec, PropSpec, TypeName
from mqlab.definitions.draft import Draft, Step
from mqlab.definitions.model import EnumLabel, EventDecl, FieldDecl, PropDecl
from mqlab.definitions.scope import RESERVED, SOURCE
from mqlab.errors import Place, nearest
from mqlab.leads.text import is_null, normalise, stored_name


def bind_fields(draft: Draft) -> tuple[FieldDecl, ...]:
    """The declared fields; `source`, which is always declared, is not among them."""
    found: list[FieldDecl] = []
    for name, spec in draft.spec.fields.items():
        if name == SOURCE.name:
            if spec != FieldSpec(type="string"):
                message = "The field 'source' is always declared, as text."
                draft.wrong(
                    "ReservedName", message, draft.place("fields", name), "Leave it out, or write {type: string}."
                )
            continue
        labels = _labels(draft, spec.type, spec.values, ("fields", name))
        default, impute = _missing(draft, name, spec, labels)
        found.append(FieldDecl(name, spec.type, labels, default, impute, spec.pii))
    return tuple(found)


def bind_lists(draft: Draft) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Named lists of normalised text, each entry once."""
    return tuple(
        (name, tuple(dict.fromkeys(normalise(entry) for entry in entries)))
        for name, entries in draft.spec.lists.items()
    )


def bind_events(draft: Draft) -> tuple[EventDecl, ...]:
    """The declared events; a property that several share has one type."""
    found: list[EventDecl] = []
    types: dict[str, tuple[PropDecl, str]] = {}
    for event, spec in draft.spec.events.items():
        props: list[PropDecl] = []
        for name, declared in spec.props.items():
            shape = declared if isinstance(declared, PropSpec) else PropSpec(type=declared)
            prop = PropDecl(
                name, shape.type, _labels(draft, shape.type, shape.values, ("events", event, "props", name))
            )
            first, owner = types.setdefault(name, (prop, event))
            if (first.kind, _meaning(first.labels)) != (prop.kind, _meaning(prop.labels)):
                message = f"The property '{name}' has another type in the event '{owner}': they must share it."
                draft.wrong("TypeMismatch", message, draft.place("events", event, "props", name))
            props.append(prop)
        found.append(EventDecl(event, tuple(props)))
    return tuple(found)


def check_names(draft: Draft) -> None:
    """Names of fields, lists, scores and properties are no reserved words and pairwise distinct.

    Two fields, events or properties whose names differ in case alone are one name in the data, so they are refused.
    """
    owners: dict[str, str] = {SOURCE.name: "a field (always declared)"}
    spelled: dict[tuple[str, str], str] = {("a field", SOURCE.name): SOURCE.name}
    for what, name, place in _names(draft):
        _check_spelling(draft, spelled, what, name, place)
        if name.lower() in RESERVED:
            draft.wrong(
                "ReservedName",
                f"'{name}' is a word of the language and cannot name {what}.",
                place,
                "Give it another name.",
            )
        elif name == SOURCE.name and what == "a field":
            continue
        elif owners.setdefault(name, what) != what:
            draft.wrong(
                "DuplicateName", f"'{name}' names both {owners[name]} and {what}.", place, "Rename one of them."
            )
    for event in draft.spec.events:
        _check_spelling(draft, spelled, "an event", event, draft.key_place("events", event))
        if event.lower() in RESERVED:
            message = f"'{event}' is a word of the language and cannot name an event."
            draft.wrong("ReservedName", message, draft.key_place("events", event), "Give it another name.")


def _check_spelling(draft: Draft, spelled: dict[tuple[str, str], str], what: str, name: str, place: Place) -> None:
    """Notes a name of the data that is another one of its kind once stored; lists and scores are no names of data."""
    if what in {"a field", "an event", "a property"}:
        first = spelled.setdefault((what, stored_name(name)), name)
        if first != name:
            message = f"'{first}' and '{name}' are the same name in the data, where case does not count."
            draft.wrong("DuplicateName", message, place, f"Write '{first}' everywhere, or rename one of them.")


def declared_field(draft: Draft, fields: Mapping[str, FieldDecl], name: str, place: Place) -> FieldDecl | None:
    """The field a rule names; an unknown one is noted."""
    if name in fields:
        return fields[name]
    hint = nearest(name, fields) or "Declare it under `fields`."
    draft.wrong("UnknownField", f"Unknown field '{name}'.", place, hint)
    return None


def _meaning(labels: tuple[EnumLabel, ...]) -> set[tuple[str, float | None]]:
    return {(one.label, one.value) for one in labels}


def _names(draft: Draft) -> Iterator[tuple[str, str, Place]]:
    for name in draft.spec.fields:
        yield "a field", name, draft.key_place("fields", name)
    for name in draft.spec.lists:
        yield "a list", name, draft.key_place("lists", name)
    for event, spec in draft.spec.events.items():
        for name in spec.props:
            yield "a property", name, draft.key_place("events", event, "props", name)
    for name in draft.spec.scores:
        yield "a score", name, draft.key_place("scores", name)


def _labels(draft: Draft, kind: TypeName, values: EnumValues | None, loc: Sequence[Step]) -> tuple[EnumLabel, ...]:
    if kind != "enum":
        if values is not None:
            message = f"`values` belong to an enum, and '{loc[-1]}' is {kind}."
            draft.wrong("TypeMismatch", message, draft.key_place(*loc, "values"), "Write `type: enum`, or remove them.")
        return ()
    if not values:
        draft.wrong("MissingKey", f"The enum '{loc[-1]}' needs `values`: its labels.", draft.place(*loc))
        return ()
    numbers = dict(values) if isinstance(values, Mapping) else dict.fromkeys(values, None)
    found: dict[str, EnumLabel] = {}
    if len(numbers) < len(values):
        draft.wrong("DuplicateLabel", f"The enum '{loc[-1]}' lists a label twice.", draft.place(*loc, "values"))
    for index, (display, number) in enumerate(numbers.items()):
        at = draft.key_place(*loc, "values", display if isinstance(values, Mapping) else index)
        label = normalise(display)
        if is_null(label, draft.null_tokens):
            message = f"'{display}' stands for a missing value in this lab (null_tokens), so it cannot be a label."
            draft.wrong("NullTokenLabel", message, at, "Use another label, such as 'none'.")
        elif label in found:
            message = f"The labels '{found[label].display}' and '{display}' are the same text once normalised."
            draft.wrong("DuplicateLabel", message, at)
        else:
            found[label] = EnumLabel(label, display, number)
    return tuple(found.values())


def _missing(
    draft: Draft, name: str, spec: FieldSpec, labels: tuple[EnumLabel, ...]
) -> tuple[str | None, float | None]:
    place = draft.place("fields", name, "missing")
    match spec.type, spec.missing:
        case _, None:
            return None, None
        case "enum", str(text):
            label = normalise(text)
            if label not in {one.label for one in labels}:
                displays = [one.display for one in labels]
                hint = nearest(text, displays) or f"Its labels are {', '.join(displays)}."
                draft.wrong("UnknownLabel", f"'{text}' is no label of '{name}'.", place, hint)
            return label, None
        case "number", ImputeSpec(impute=number):
            return None, number
        case "number", _:
            draft.wrong("TypeMismatch", f"'{name}' is a number: its `missing` is written {{impute: 120}}.", place)
        case "enum", _:
            draft.wrong("TypeMismatch", f"'{name}' is an enum: its `missing` is one of its labels.", place)
        case kind, _:
            draft.wrong("TypeMismatch", f"'{name}' is {kind}: only enums and numbers have a `missing`.", place)
    return None, None
