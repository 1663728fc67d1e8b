"""How a system's files are spelt: a preset shipped with mqlab, and a lab's mapping on top of it, name by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from mqlab.crm.columns import Declared, Names
from mqlab.crm.rules import Events, FieldChanges, Identity, Leads, Outcomes, Rule, Several, Table
from mqlab.crm.unread import unread
from mqlab.crm.where import read_where
from mqlab.definitions.strict import in_file_order, node_at, read_as
from mqlab.definitions.syntax import Source
from mqlab.definitions.yaml import ScalarNode, read_yaml, read_yaml_file
from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import normalise

Words = dict[str, Annotated[list[Annotated[str, Field(min_length=1)]], Field()]]
KINDS = ("leads", "events", "field_changes", "identity", "outcomes")
"""What a mapping says how to read, by its keys."""


class Mapping(Declared):
    """A preset, or a lab's own mapping. `source` names the system in every fact's key; it defaults to `id`.

    `tables`: the system's tables, each with its columns by mqlab's names. `stages`, `statuses`: lists of the system's
    own words, which `where` names. `restrict`: per table, which rows count. `utc_when`: a file with one of these
    columns writes its times in UTC. `unpack`: columns that hold objects whose keys are columns. `histories`: columns
    that hold the past values of each property, which make a row each. `nulls`: further words
    for "no value". `footer`: how lines begin that stand below the rows of a report.
    """

    kind: Literal["crm-preset/v1"]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: str = ""
    source: str | None = None
    timezone: str | None = None
    encoding: str | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] = "."
    formats: Names = Field(default_factory=list)
    personal: Names = Field(default_factory=list)
    utc_when: Names = Field(default_factory=list)
    unpack: Names = Field(default_factory=list)
    histories: Names = Field(default_factory=list)
    nulls: Names = Field(default_factory=list)
    footer: Names = Field(default_factory=list)
    stages: Words = Field(default_factory=dict)
    statuses: Words = Field(default_factory=dict)
    restrict: dict[str, str] = Field(default_factory=dict)
    tables: dict[str, Table] = Field(default_factory=dict)
    leads: Leads | None = None
    events: Annotated[list[Events] | None, Several] = Field(default=None, min_length=1)
    field_changes: Annotated[list[FieldChanges] | None, Several] = Field(default=None, min_length=1)
    identity: Annotated[list[Identity] | None, Several] = Field(default=None, min_length=1)
    outcomes: Annotated[list[Outcomes], Field(min_length=1)] | None = None

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, value: str | None) -> str | None:
        """An IANA name."""
        try:
            return value if value is None else ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not an IANA time zone, such as Europe/Berlin") from error

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, value: str | None) -> str | None:
        """A text encoding Python knows."""
        try:
            if value is not None:
                "é".encode(value)
        except LookupError as error:
            raise ValueError(f"'{value}' is not an encoding, such as utf-8 or latin-1") from error
        except UnicodeEncodeError:
            return value
        return value

    @property
    def system(self) -> str:
        """The system in every fact's key."""
        return normalise(self.source or self.id)

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of times written without one, None where it is not stated."""
        return None if self.timezone is None else ZoneInfo(self.timezone)

    @property
    def lists(self) -> dict[str, list[str]]:
        """The lists that `where` may name: the stages and the statuses."""
        return {**self.statuses, **self.stages}

    @property
    def private(self) -> tuple[str, ...]:
        """The columns that are never stored: those it names, and what other languages call a name or a number."""
        return (*self.personal, *_PERSONAL_ELSEWHERE)

    def rules(self, kind: str) -> Sequence[Rule]:
        """The rules for one of `leads|events|field-changes|identity|outcomes`; none where it says nothing of them."""
        declared = getattr(self, kind.replace("-", "_"))
        return () if declared is None else declared if isinstance(declared, list) else [declared]


_PERSONAL_ELSEWHERE = (
    "vorname", "nachname", "anrede", "telefon", "telefonnummer", "mobiltelefon", "mobiltelefonnummer", "faxnummer",
    "straße", "postanschrift", "prénom", "nom", "nom de famille", "civilité", "téléphone", "numéro de téléphone",
    "numéro de téléphone mobile", "adresse postale", "nombre", "apellido", "apellidos", "teléfono",
    "número de teléfono", "número de teléfono móvil", "dirección", "nome", "cognome", "telefono", "numero di telefono",
    "indirizzo", "sobrenome", "apelido", "telefone", "número de telefone", "endereço", "voornaam", "achternaam",
    "telefoonnummer", "aanhef",
)  # fmt: skip

PRESETS = ("csv", "salesforce", "hubspot", "pipedrive", "marketo", "account_engagement")


@cache
def load_preset(name: str) -> Mapping:
    """A preset shipped with mqlab; an unknown name is an InputError with the nearest one.

    Example:
        >>> load_preset("csv").leads.id.column
        ['lead_id', 'id']
    """
    if name not in PRESETS:
        hint = nearest(name, PRESETS) or f"Presets: {', '.join(PRESETS)}."
        raise InputError(f"there is no preset '{name}'.", code="UnknownPreset", hint=hint)
    text = resources.files("mqlab.crm").joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")
    node = read_yaml(text, file=f"{name}.yaml")
    return _sound(_read(node, file=f"{name}.yaml"), node)


def load_mapping(path: Path, preset: Mapping) -> Mapping:
    """A lab's mapping file on top of a preset: what it names replaces the preset's name, the rest stands.

    Raises ProblemsFound with every unknown key, every name that nothing reads and every wrong value, each at its line.
    """
    node = read_yaml_file(path)
    own = _read(node, file=str(path))
    mapping = overridden(preset, own)
    return _sound(mapping, node, unread(preset, own, [rule for kind in KINDS for rule in mapping.rules(kind)], node))


def overridden(preset: Mapping, own: Mapping) -> Mapping:
    """`own` on top of `preset`, table by table and name by name; several rules of one kind are replaced whole."""
    below, above = preset.model_dump(exclude_unset=True), own.model_dump(exclude_unset=True)
    merged: dict[str, Any] = {**below, **above}
    for key in ("leads", "stages", "statuses", "restrict", "tables"):
        if key in below and key in above:
            merged[key] = {**below[key], **above[key]}
    for key in ("events", "field_changes", "identity"):
        if len(below.get(key) or ()) == len(above.get(key) or ()) == 1:
            named = {} if key == "identity" and above[key][0].keys() & {"opportunity", "account"} else below[key][0]
            merged[key] = [{**named, **above[key][0]}]
    for name in below.get("tables", {}).keys() & above.get("tables", {}).keys():
        lower, upper = below["tables"][name], above["tables"][name]
        columns = {**lower["columns"], **upper["columns"]}
        merged["tables"][name] = {**lower, **upper, "columns": columns}
    return Mapping.model_validate(merged)


def zone_of(mapping: Mapping, header: Sequence[str]) -> ZoneInfo | None:
    """The zone of times that a file with this header writes without one; None where nothing says."""
    marks = {normalise(name) for name in mapping.utc_when}
    return ZoneInfo("UTC") if any(normalise(name) in marks for name in header) else mapping.zone


def _read(node: Any, *, file: str) -> Mapping:
    found, problems = read_as(Mapping, node)
    if found is None:
        raise ProblemsFound(problems or [InputError("the mapping cannot be read.", place=Place(file)).problem])
    return found


def _sound(mapping: Mapping, node: Any, found_already: Iterable[Problem] = ()) -> Mapping:
    """The mapping, where its rules name tables that there are and their conditions can be read."""
    problems = [*found_already, *_unknown_tables(mapping, node)]
    for loc, text in _conditions(mapping):
        found, _, path = node_at(node, loc)
        scalar = found if isinstance(found, ScalarNode) and found.value == text else None
        place = Place(found.place.file, found.place.line, found.place.column, path or None)
        try:
            read_where(Source(text, place, scalar), mapping.lists)
        except InputError as error:
            if error.problem.code != "EmptyList":
                problems.extend(error.problems)
    if problems:
        raise ProblemsFound(in_file_order(problems))
    return mapping


def _unknown_tables(mapping: Mapping, node: Any) -> Iterator[Problem]:
    named: list[tuple[tuple[str | int, ...], str]] = [(("restrict", name), name) for name in mapping.restrict]
    for kind in KINDS:
        for index, rule in enumerate(mapping.rules(kind)):
            if rule.table is not None:
                named.append(((kind, index, "from"), rule.table))
    for loc, name in named:
        if name not in mapping.tables:
            found, _, path = node_at(node, loc)
            place = Place(found.place.file, found.place.line, found.place.column, path or None)
            hint = nearest(name, mapping.tables) or f"Tables: {', '.join(mapping.tables) or 'none'}."
            yield Problem("UnknownTable", f"there is no table '{name}' under `tables`.", place, hint=hint)


def _conditions(mapping: Mapping) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, text in mapping.restrict.items():
        yield ("restrict", name), text
    for name, table in mapping.tables.items():
        if table.where is not None:
            yield ("tables", name, "where"), table.where
    for kind in KINDS:
        for index, rule in enumerate(mapping.rules(kind)):
            if rule.where is not None:
                yield (kind, index, "where"), rule.where
