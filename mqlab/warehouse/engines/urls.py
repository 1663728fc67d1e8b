"""The addresses of engines: which forms `[warehouse] url` takes, and what each part of one means.

Light on purpose: `mqlab.settings` checks an address with it, and no engine is imported for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit

from mqlab.errors import InputError, nearest

Kind = str

SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "duckdb": "duckdb",
        "parquet": "parquet",
        "csv": "csv",
        "postgresql": "postgres",
        "postgres": "postgres",
        "postgresql+psycopg": "postgres",
        "spark": "spark",
    }
)
"""What each scheme means."""

ONLY_COMPILED = frozenset({"bigquery", "snowflake", "databricks", "trino"})
"""Engines that definitions compile for and nothing connects to."""

FORMS = (
    "duckdb://",
    "duckdb:///file.duckdb",
    "parquet:///folder",
    "csv:///folder",
    "postgresql://user@host/database?schema=name",
    "spark://host:7077?folder=/data",
    "spark://local[2]?folder=/data",
)
"""One example of every form."""

LOCAL = re.compile(r"local(\[([1-9]\d*|\*)\])?")
NAME = re.compile(r"[A-Za-z_][\w.-]*")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
ESCAPES = "In a user or a password write %25 for %, %40 for @, %3A for :, %2F for /, %3F for ? and %23 for #."

BEFORE_HOST = re.compile(r"(?<=://)([^:@/?]*):.*@", re.DOTALL)
SECRET = re.compile(r"(?i)([\w.-]*(?:password|passwd|secret|token|credential|\.key)[\w.-]*\s*=\s*)('[^']*'|[^&\s]*)")
"""What messages blot out: a password up to the last @ there is, and the values of options that sound secret."""


@dataclass(frozen=True, slots=True)
class EngineUrl:
    """An address taken apart.

    `kind` is `duckdb`, `parquet`, `csv`, `postgres` or `spark`. `path` is the file or folder as written (three slashes:
    relative to the lab, four: absolute; of Spark: the `folder` of the query), None where there is none. `target` is
    what the engine connects to: a PostgreSQL address without our own options, a Spark master, otherwise empty.
    """

    text: str
    kind: Kind
    path: str | None = None
    target: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The address as messages may show it: without a password."""
        return without_password(self.text)

    def resolved(self, folder: Path | None) -> str | None:
        """`path` with a relative one resolved against `folder`, the lab; addresses of a distributed store stay."""
        if self.path is None or "://" in self.path:
            return self.path
        return str((folder or Path()) / self.path)


def parse(text: str) -> EngineUrl:
    """An engine's address taken apart; InputError says which forms there are.

    Example:
        >>> parse("spark://local[2]?folder=/data")
        EngineUrl(text='spark://local[2]?folder=/data', kind='spark', path='/data', target='local[2]', options={})
        >>> parse("parquet:///lake").path
        'lake'
    """
    scheme, separator, rest = text.partition("://")
    kind = SCHEMES.get(scheme)
    if kind is None or (not separator and text != "duckdb"):
        raise unknown(text)
    body, _, query = rest.partition("?")
    if kind == "postgres":
        return _postgres(text, body, query)
    options = dict(parse_qsl(query, keep_blank_values=True))
    if kind == "spark":
        return _spark(text, body, options)
    if options:
        raise unknown(text, f"'{kind}://' takes nothing after a question mark.")
    if kind == "duckdb" and body in ("", "/", "/:memory:"):
        return EngineUrl(text, kind)
    if not body.startswith("/") or body == "/":
        raise unknown(text, "A path comes after three slashes, relative to the lab, or four, absolute.")
    return EngineUrl(text, kind, path=body[1:])


def without_password(text: str) -> str:
    """The text of an address with whatever may be a password blotted out, also where it is written wrongly.

    Example:
        >>> without_password("postgresql://ann:s3cr/et@db/crm"), without_password("postgresql://db/crm?password=s3cret")
        ('postgresql://ann:***@db/crm', 'postgresql://db/crm?password=***')
    """
    return SECRET.sub(r"\1***", BEFORE_HOST.sub(r"\1:***@", text))


def unknown(text: str, why: str = "") -> InputError:
    """The error of an address that is none of the known forms."""
    scheme = text.partition(":")[0]
    hint = why or nearest(scheme, SCHEMES) or ""
    if scheme in ONLY_COMPILED:
        hint = "mqlab compiles definitions for that engine but does not connect to it; see docs/engines.md."
    forms = ", ".join(FORMS)
    return InputError(
        f"'{without_password(text)}' is not the address of an engine.",
        code="UnknownEngine",
        hint=f"{hint} Known forms: {forms}.".strip(),
    )


def _postgres(text: str, body: str, query: str) -> EngineUrl:
    """libpq reads the address; `schema` is ours.

    What it would not understand is refused here: it tells the part that it stumbles over, which may be of a password.
    """
    if BAD_ESCAPE.search(body) or body.count("@") > 1:
        raise unknown(text, ESCAPES)
    try:
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        _ = urlsplit(f"postgresql://{body}").port
    except ValueError as error:
        raise unknown(text, f"After the host comes a port, which is a number, or none. {ESCAPES}") from error
    if not all(map(NAME.fullmatch, options)):
        raise unknown(text, f"After the question mark come options such as sslmode=require. {ESCAPES}")
    ours = {"schema": options.pop("schema")} if "schema" in options else {}
    rest = f"?{urlencode(options)}" if options else ""
    return EngineUrl(text, "postgres", target=f"postgresql://{body}{rest}", options=ours)


def _spark(text: str, body: str, options: dict[str, str]) -> EngineUrl:
    """A master and the folder of its Parquet files; options that begin with `spark.` are configuration of Spark."""
    path = options.pop("folder", None)
    strange = [name for name in options if not name.startswith("spark.")]
    if strange:
        raise unknown(text, f"'{strange[0]}' is not an option: folder, or a setting of Spark such as spark.cores.max.")
    host, colon, port = body.rpartition(":")
    if LOCAL.fullmatch(body):
        return EngineUrl(text, "spark", path=path, target=body, options=options)
    if not (colon and host and port.isdigit()):
        raise unknown(text, "A Spark master is local[2] or host:port.")
    return EngineUrl(text, "spark", path=path, target=f"spark://{body}", options=options)
