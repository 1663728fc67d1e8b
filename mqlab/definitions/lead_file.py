"""Leads with their histories from a JSON file, as `definitions score` takes them (architecture.md section 7)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from mqlab.definitions.json_documents import JsonObject, documents
from mqlab.errors import InputError, Place, nearest
from mqlab.leads.instants import start_of_day
from mqlab.leads.records import Event, FieldChange, History, Lead, Scalar
from mqlab.leads.text import is_null, normalise, stored_name

LEAD_KEYS = (
    "lead_id", "created_at", "source", "account_key", "email_domain", "fields", "field_changes", "events",
    "assigned_at", "row_is", "known_at", "recycled_at",
)  # fmt: skip
CHANGE_KEYS = ("field", "value", "changed_at", "known_at")
EVENT_KEYS = ("event_id", "source", "name", "occurred_at", "known_at", "version", "props")
Item = TypeVar("Item")


def read_lead_file(
    path: Path | str, *, null_tokens: Collection[str] = (), timezone: ZoneInfo | None = None
) -> tuple[History, ...]:
    """The leads of a file that holds one JSON object, a list of them, or one a line; in the order of the file.

    Text is normalised; empty text and `null_tokens` are missing values. `known_at` defaults to `occurred_at`
    (`changed_at`). A `created_at` without a time is the start of that day in `timezone`; without `timezone`, and
    everywhere else, an instant needs its time and zone. What cannot be used raises InputError with file, line and path.
    """
    file = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"The lead file cannot be read: {error.strerror or error}.", code="CannotRead", place=Place(file)
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "The lead file is not UTF-8 text.", code="NotUtf8", place=Place(file), hint="Save it as UTF-8."
        ) from error
    return read_leads(text, file=file, null_tokens=null_tokens, timezone=timezone)


def read_leads(
    text: str, *, file: str, null_tokens: Collection[str] = (), timezone: ZoneInfo | None = None
) -> tuple[History, ...]:
    """As `read_lead_file`, from text.

    Example:
        >>> lead, = read_leads('{"lead_id": "a", "created_at": "2026-07-01T00:00:00Z"}', file="one.json")
        >>> lead.lead.created_at.isoformat()
        '2026-07-01T00:00:00+00:00'
    """
    found: list[History] = []
    lines: dict[str, int] = {}
    for line, path, value in documents(text, file):
        history = _Reader(Place(file, line), path, null_tokens, timezone).history(value)
        lead_id = history.lead.lead_id
        if lead_id in lines:
            message = f"The lead '{lead_id}' stands here twice; its first line is {lines[lead_id]}."
            raise InputError(message, code="DuplicateLead", place=Place(file, line, path=path or None))
        lines[lead_id] = line
        found.append(history)
    if not found:
        raise InputError(
            "The lead file holds no lead.",
            code="EmptyFile",
            place=Place(file),
            hint='Write one JSON object a line: {"lead_id": "…", "created_at": "2026-07-01T08:30:00Z"}.',
        )
    return tuple(found)


class _Reader:
    """Reads one lead; `path` says where in the file it is."""

    def __init__(self, place: Place, path: str, null_tokens: Collection[str], timezone: ZoneInfo | None) -> None:
        self._place = place
        self._path = path
        self._tokens = null_tokens
        self._timezone = timezone

    def history(self, value: Any) -> History:
        """The lead with its events and changes."""
        raw = self._object(value, self._path, LEAD_KEYS)
        path = self._path
        lead_id = self._identifier(raw, "lead_id", path)
        created_at = self._instant(raw, "created_at", path, date_allowed=True)
        if created_at is None:
            self._missing("created_at", path)
        fields = self._scalars(raw.get("fields"), _under(path, "fields"))
        source = self._text(raw.get("source"), _under(path, "source"))
        listed_as = next((name for name in fields if stored_name(name) == "source"), None)
        if listed_as is not None:
            listed = fields.pop(listed_as)
            if source is None and isinstance(listed, str):
                source = listed
            elif listed != source:
                self._refuse(
                    "'source' is a key of the lead, and the one here says otherwise.",
                    _under(path, f"fields.{listed_as}"),
                )
        recycled = self._list(raw.get("recycled_at"), _under(path, "recycled_at"), self._known_instant)
        return History(
            Lead(
                lead_id,
                created_at,
                source=source,
                account_key=self._text(raw.get("account_key"), _under(path, "account_key")),
                email_domain=self._text(raw.get("email_domain"), _under(path, "email_domain")),
                fields=fields,
                row_is=self._row_is(raw, path),
                assigned_at=self._instant(raw, "assigned_at", path),
                known_at=self._instant(raw, "known_at", path),
            ),
            events=tuple(self._list(raw.get("events"), _under(path, "events"), self._event)),
            field_changes=tuple(self._list(raw.get("field_changes"), _under(path, "field_changes"), self._change)),
            recycled_at=tuple(sorted(recycled)),
        )

    def _event(self, value: Any, path: str) -> Event:
        raw = self._object(value, path, EVENT_KEYS)
        occurred_at = self._instant(raw, "occurred_at", path)
        if occurred_at is None:
            self._missing("occurred_at", path)
        version = raw.get("version")
        if version is not None and not (isinstance(version, float) and version.is_integer()):
            self._refuse("A version is a whole number.", _under(path, "version"))
        event_id = None if raw.get("event_id") is None else self._identifier(raw, "event_id", path)
        return Event(
            self._identifier(raw, "name", path),
            occurred_at,
            self._instant(raw, "known_at", path) or occurred_at,
            event_id=event_id,
            source=self._text(raw.get("source"), _under(path, "source")) or "",
            props=self._scalars(raw.get("props"), _under(path, "props")),
            version=None if version is None else int(version),
        )

    def _change(self, value: Any, path: str) -> FieldChange:
        raw = self._object(value, path, CHANGE_KEYS)
        changed_at = self._instant(raw, "changed_at", path)
        if changed_at is None:
            self._missing("changed_at", path)
        return FieldChange(
            self._identifier(raw, "field", path),
            self._scalar(raw.get("value"), _under(path, "value")),
            changed_at,
            self._instant(raw, "known_at", path) or changed_at,
        )

    def _row_is(self, raw: Mapping[str, Any], path: str) -> Literal["initial", "current"]:
        match raw.get("row_is"):
            case None | "initial":
                return "initial"
            case "current":
                return "current"
            case other:
                self._refuse(f"{_shown(other)} is neither 'initial' nor 'current'.", _under(path, "row_is"))

    def _object(self, value: Any, path: str, keys: Sequence[str]) -> dict[str, Any]:
        raw = self._mapping(value, path)
        for key in raw:
            if key not in keys:
                hint = nearest(key, keys) or f"The keys are {', '.join(keys)}."
                self._refuse(f"Unknown key {_shown(key)}.", _under(path, key), code="UnknownKey", hint=hint)
        return raw

    def _mapping(self, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, JsonObject):
            self._refuse(f"An object is needed here, not {_shown(value)}.", path)
        found: dict[str, Any] = {}
        for key, inner in value.pairs:
            if key in found:
                self._refuse(f"The key {_shown(key)} stands here twice.", path, code="DuplicateKey")
            found[key] = inner
        return found

    def _list(self, value: Any, path: str, read: Callable[[Any, str], Item]) -> list[Item]:
        if value is None:
            return []
        if not isinstance(value, list):
            self._refuse(f"A list is needed here, not {_shown(value)}.", path)
        return [read(item, f"{path}[{index}]") for index, item in enumerate(value)]

    def _scalars(self, value: Any, path: str) -> dict[str, Scalar]:
        if value is None:
            return {}
        written: dict[str, str] = {}
        found: dict[str, Scalar] = {}
        for key, inner in self._mapping(value, path).items():
            first = written.setdefault(stored_name(key), key)
            if first != key:
                message = f"{_shown(first)} and {_shown(key)} are the same name: its case does not count."
                self._refuse(message, path, code="DuplicateKey", hint="Keep one of them.")
            found[key] = self._scalar(inner, _under(path, key))
        return found

    def _scalar(self, value: Any, path: str) -> Scalar:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                self._refuse("This number is not finite.", path, code="NotFinite", hint="Leave it out, or write null.")
            return value
        return self._text(value, path)

    def _text(self, value: Any, path: str) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self._refuse(f"Text is needed here, not {_shown(value)}.", path)
        self._check_characters(value, path)
        text = normalise(value)
        return None if is_null(text, self._tokens) else text

    def _identifier(self, raw: Mapping[str, Any], key: str, path: str) -> str:
        """Text that keeps its case; a whole number stands for its digits."""
        value = raw.get(key)
        if value is None or value == "":
            self._missing(key, path)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        if not isinstance(value, str):
            self._refuse(f"Text is needed here, not {_shown(value)}.", _under(path, key))
        self._check_characters(value, _under(path, key))
        text = value.strip()
        if not text:
            self._missing(key, path)
        return text

    def _check_characters(self, value: str, path: str) -> None:
        if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
            self._refuse("This text holds a character that cannot be stored.", path, code="BadCharacter")

    def _instant(self, raw: Mapping[str, Any], key: str, path: str, *, date_allowed: bool = False) -> datetime | None:
        value = raw.get(key)
        return None if value is None else self._known_instant(value, _under(path, key), date_allowed=date_allowed)

    def _known_instant(self, value: Any, path: str, *, date_allowed: bool = False) -> datetime:
        hint = "Write the day, the time and its zone, such as 2026-07-01T08:30:00Z."
        if not isinstance(value, str):
            self._refuse(f"{_shown(value)} is no instant.", path, code="BadInstant", hint=hint)
        text = value.strip()
        try:
            if date_allowed and self._timezone is not None and len(text) == 10:
                return start_of_day(date.fromisoformat(text), self._timezone)
            found = datetime.fromisoformat(text)
            if found.tzinfo is None:
                self._refuse(f"The instant {_shown(value)} has no time zone.", path, code="NaiveInstant", hint=hint)
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            self._refuse(f"{_shown(value)} is no instant.", path, code="BadInstant", hint=hint)

    def _missing(self, key: str, path: str) -> NoReturn:
        self._refuse(f"'{key}' is missing.", path, code="MissingKey")

    def _refuse(self, message: str, path: str, *, code: str = "BadValue", hint: str | None = None) -> NoReturn:
        place = Place(self._place.file, self._place.line, path=path or None)
        raise InputError(message, code=code, place=place, hint=hint)


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case JsonObject():
            return "an object"
        case list():
            return "a list"
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:60]}…'"
        case _:
            return str(value)
