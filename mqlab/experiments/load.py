"""An experiment file read, checked and resolved into a `Protocol`; everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Protocol as Interface

from mqlab.definitions.load import check_kind
from mqlab.definitions.model import Definition
from mqlab.definitions.strict import in_file_order, read_as
from mqlab.definitions.yaml import MapNode, read_yaml, read_yaml_file
from mqlab.errors import ProblemsFound
from mqlab.experiments.document import KIND, ExperimentSpec
from mqlab.experiments.protocol import Protocol
from mqlab.experiments.resolve import Resolver
from mqlab.leads.text import DEFAULT_NULL_TOKENS


class Definitions(Interface):
    """Definitions by `id@version`; an unknown one raises InputError with the nearest. A dict of them does, too."""

    def __getitem__(self, ref: str, /) -> Definition: ...


def load_text(
    text: str,
    *,
    file: str,
    definitions: Definitions,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    timezone: str = "UTC",
) -> Protocol:
    """The protocol that `text` declares; ProblemsFound with every problem and its place where it cannot be used.

    `timezone` holds where the file names none: the lab's own. `file` is only named in problems.
    """
    return _protocol(read_yaml(text, file=file), file, definitions, null_tokens, timezone)


def load_file(
    path: Path,
    *,
    definitions: Definitions,
    null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
    timezone: str = "UTC",
) -> Protocol:
    """As `load_text`, of a file."""
    return _protocol(read_yaml_file(path), str(path), definitions, null_tokens, timezone)


def _protocol(
    node: MapNode, file: str, definitions: Definitions, null_tokens: Collection[str], timezone: str
) -> Protocol:
    check_kind(node, KIND)
    spec, problems = read_as(ExperimentSpec, node)
    if spec is None:
        raise ProblemsFound(problems)
    resolver = Resolver(node, definitions, tuple(null_tokens), timezone)
    protocol = resolver.protocol(spec)
    if protocol is None or resolver.problems:
        raise ProblemsFound(in_file_order(resolver.problems))
    return replace(protocol, file=file)
