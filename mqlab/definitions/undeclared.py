"""What leads carry and a definition does not declare: mostly other people's facts, sometimes a typing mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mqlab.definitions.model import Definition
from mqlab.errors import nearest
from mqlab.leads.records import History
from mqlab.leads.text import stored_name


def undeclared(definition: Definition, histories: Sequence[History]) -> tuple[str, ...]:
    """The fields, events and properties of the leads that the definition does not declare, each with a near name.

    Example:
        >>> from mqlab.definitions.lead_file import read_leads
        >>> from mqlab.definitions.load import load_text
        >>> head = "kind: mql-definition/v1\\nid: a\\nversion: 1.0.0\\n"
        >>> big = load_text(head + "fields: {employees: {type: number}}\\nqualify: employees > 9", file="a@1.0.0.yaml")
        >>> text = '{"lead_id": "1", "created_at": "2026-07-01T00:00:00Z", "fields": {"employes": 40, "zzz": 1}}'
        >>> undeclared(big, read_leads(text, file="one.json"))
        ("employes (did you mean 'employees'?)", 'zzz')
    """
    fields = {"source": "source"} | {stored_name(field.name): field.name for field in definition.fields}
    events = {stored_name(event.name): event for event in definition.events}
    props = {name: {stored_name(prop.name): prop.name for prop in event.props} for name, event in events.items()}
    found: dict[str, str] = {}
    for history in histories:
        for name in _fields(history):
            if stored_name(name) not in fields:
                found.setdefault(name, name + _near(name, fields.values()))
        for event in history.events:
            key = stored_name(event.name)
            if key not in events:
                near = _near(event.name, [known.name for known in definition.events])
                found.setdefault(f"event {event.name}", f"event {event.name}{near}")
                continue
            for prop in event.props:
                if stored_name(prop) not in props[key]:
                    path = f"{events[key].name}.{prop}"
                    found.setdefault(path, path + _near(prop, props[key].values()))
    return tuple(found.values())


def _fields(history: History) -> Iterator[str]:
    yield from history.lead.fields
    for change in history.field_changes:
        yield change.field


def _near(name: str, known: Iterable[str]) -> str:
    hint = nearest(name, known)
    return f" ({hint[0].lower()}{hint[1:]})" if hint else ""
