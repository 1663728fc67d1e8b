"""What differs between what two versions read: fields, events with their properties, lists, days and null tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mqlab.definitions.diff_canonical import Naming, where_form
from mqlab.definitions.diff_matching import both, present
from mqlab.definitions.diff_words import Change, ChangeSeverity, changed, condition_words, members_words
from mqlab.definitions.model import Definition, EnumLabel, EventDecl, FieldDecl, PropDecl
from mqlab.definitions.sites import all_channels, all_nodes, expression_sites
from mqlab.definitions.tree import Member, TruthLiteral
from mqlab.definitions.wording import enumerate_words, plain_name, sentence, spoken_number

KIND_WORDS = {"number": "a number", "string": "a text", "bool": "true or false", "enum": "one of several labels"}


def changed_lists(before: Definition, after: Definition) -> frozenset[str]:
    """The lists that both versions use under the same name with other entries."""
    old, new = _used_lists(before), _used_lists(after)
    return frozenset(name for name in old.keys() & new.keys() if old[name] != new[name])


def list_changes(before: Definition, after: Definition) -> Iterator[Change]:
    """One change for each list whose entries differ."""
    old, new = _used_lists(before), _used_lists(after)
    for name in sorted(changed_lists(before, after)):
        told = both(_entries_text, old[name], new[name])
        words = sentence(f"List {plain_name(name)}: {members_words(old[name], new[name])}")
        yield Change(f"lists.{name}", "behaviour", *told, words)


def field_changes(before: Definition, after: Definition) -> Iterator[Change]:
    """Every difference between the declared fields; their order and spelling make none."""
    old = {decl.name: decl for decl in before.fields}
    new = {decl.name: decl for decl in after.fields}
    for name in dict.fromkeys((*old, *new)):
        yield from _declared(f"fields.{name}", f"Field {plain_name(name)}", old.get(name), new.get(name))
        if name in old and name in new and old[name].kind == new[name].kind:
            yield from _default_changed(old[name], new[name])


def event_changes(before: Definition, after: Definition) -> Iterator[Change]:
    """Every difference between the declared events and their properties."""
    old = {decl.name: decl for decl in before.events}
    new = {decl.name: decl for decl in after.events}
    for name in dict.fromkeys((*old, *new)):
        path, what = f"events.{name}", f"Event {plain_name(name)}"
        if name not in new:
            yield Change(path, "breaking", _event_words(old[name]), None, f"{what} is no longer read.")
        elif name not in old:
            yield Change(
                path, "breaking", None, _event_words(new[name]), f"{what} is read now: someone has to deliver it."
            )
        else:
            yield from _property_changes(path, what, old[name], new[name])


def reading_changes(before: Definition, after: Definition, naming: tuple[Naming, Naming]) -> Iterator[Change]:
    """Ignored events, the zone of calendar days (where a day counts at all) and the null tokens."""
    old, new = before.ignore_events, after.ignore_events
    trees = present(lambda ignored: ignored.tree, old, new)
    if where_form(trees[0], naming[0]) != where_form(trees[1], naming[1]):
        words = condition_words(trees[0] or TruthLiteral(False), trees[1] or TruthLiteral(False), naming)
        texts = present(lambda ignored: ignored.text, old, new)
        yield Change("ignore_events", "behaviour", *texts, sentence(f"Which events are ignored: {words}"))
    counts_days = any(channel.distinct_day for definition in (before, after) for channel in all_channels(definition))
    if before.timezone != after.timezone and counts_days:
        zones = (before.timezone, after.timezone)
        yield changed("timezone", *zones, "The zone of calendar days", zones)
    if set(before.null_tokens) != set(after.null_tokens):
        told = both(_entries_text, before.null_tokens, after.null_tokens)
        words = members_words(before.null_tokens, after.null_tokens)
        yield Change("null_tokens", "behaviour", *told, sentence(f"Texts that stand for nothing: {words}"))


def _used_lists(definition: Definition) -> Mapping[str, frozenset[str]]:
    used = {
        node.list_name
        for site in expression_sites(definition)
        for node in all_nodes(site.tree)
        if isinstance(node, Member) and node.list_name is not None
    }
    return {name: frozenset(entries) for name, entries in definition.lists if name in used}


def _declared(
    path: str, what: str, old: FieldDecl | PropDecl | None, new: FieldDecl | PropDecl | None
) -> Iterator[Change]:
    """A field or property that is new, gone, of another type or with other labels."""
    if old is None and new is not None:
        words = f"{what} is read now ({_kind_words(new)}): someone has to deliver it."
        yield Change(path, "breaking", None, _kind_words(new), words)
    elif new is None and old is not None:
        yield Change(path, "breaking", _kind_words(old), None, f"{what} is no longer read.")
    elif old is not None and new is not None:
        if old.kind != new.kind:
            told = (_kind_words(old), _kind_words(new))
            yield changed(f"{path}.type", old.kind, new.kind, f"{what}, type", told, "breaking")
        else:
            yield from _labels_changed(path, what, old.labels, new.labels)


def _labels_changed(
    path: str, what: str, before: tuple[EnumLabel, ...], after: tuple[EnumLabel, ...]
) -> Iterator[Change]:
    old = {label.label: label.value for label in before}
    new = {label.label: label.value for label in after}
    if old == new:
        return
    told = both(_labels_text, old, new)
    parts = [members_words(old, new)] if old.keys() != new.keys() else []
    for label in sorted(old.keys() & new.keys()):
        if old[label] != new[label]:
            parts.append(f"{label} is worth {_value_text(old[label])} before, now {_value_text(new[label])}")
    severity: ChangeSeverity = "breaking" if old.keys() != new.keys() else "behaviour"
    yield Change(f"{path}.values", severity, *told, sentence(f"{what}: {'; '.join(parts)}"))


def _default_changed(old: FieldDecl, new: FieldDecl) -> Iterator[Change]:
    earlier = old.impute if old.impute is not None else old.default_label
    later = new.impute if new.impute is not None else new.default_label
    if earlier != later:
        told = both(_default_text, earlier, later)
        what = f"Field {plain_name(new.name)}, what is assumed when it is missing"
        yield changed(f"fields.{new.name}.missing", earlier, later, what, told)


def _property_changes(path: str, what: str, old: EventDecl, new: EventDecl) -> Iterator[Change]:
    old_props = {prop.name: prop for prop in old.props}
    new_props = {prop.name: prop for prop in new.props}
    for name in dict.fromkeys((*old_props, *new_props)):
        told = f"{what}, property {plain_name(name)}"
        yield from _declared(f"{path}.props.{name}", told, old_props.get(name), new_props.get(name))


def _event_words(decl: EventDecl) -> str:
    carried = enumerate_words((prop.name for prop in decl.props), "and")
    return f"an event with {carried}" if carried else "an event"


def _kind_words(decl: FieldDecl | PropDecl) -> str:
    if decl.kind == "enum":
        return f"one of {enumerate_words(label.display for label in decl.labels)}"
    return KIND_WORDS[decl.kind]


def _labels_text(values: Mapping[str, float | None]) -> str:
    return ", ".join(label if value is None else f"{label} {spoken_number(value)}" for label, value in values.items())


def _value_text(value: float | None) -> str:
    return "no number" if value is None else spoken_number(value)


def _default_text(value: float | str | None) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else spoken_number(value)


def _entries_text(entries: Iterable[str]) -> str:
    return ", ".join(sorted(entries))
