"""The experiments of a lab's folder, and what is wrong between them: layers shared, salts used twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from mqlab.errors import InputError, Place, Problem, nearest
from mqlab.experiments.canonical import percent
from mqlab.experiments.load import Definitions, load_file
from mqlab.experiments.protocol import Protocol
from mqlab.leads.text import DEFAULT_NULL_TOKENS


@dataclass(frozen=True)
class Catalogue:
    """The experiment files of one folder; a bad file troubles nobody until its id is asked for."""

    folder: Path
    paths: Mapping[str, Path]
    definitions: Definitions
    null_tokens: tuple[str, ...] = DEFAULT_NULL_TOKENS
    timezone: str = "UTC"

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        definitions: Definitions,
        null_tokens: Collection[str] = DEFAULT_NULL_TOKENS,
        timezone: str = "UTC",
    ) -> Catalogue:
        """The files `<id>.yaml` of `folder`; a folder that cannot be listed is an InputError."""
        try:
            files = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())
        except OSError as error:
            message = f"The folder of experiments cannot be read: {error.strerror or error}."
            raise InputError(message, code="UnreadableFile", place=Place(file=str(folder))) from error
        return cls(folder, {path.stem: path for path in files}, definitions, tuple(null_tokens), timezone)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, by file name."""
        return tuple(self.paths)

    def __getitem__(self, identity: str) -> Protocol:
        """The protocol; an unknown id or a file that cannot be used is an InputError."""
        if identity not in self.paths:
            hint = nearest(identity, self.paths) or (
                f"Experiments are {', '.join(self.paths)}." if self.paths else None
            )
            raise InputError(f"There is no experiment '{identity}'.", code="UnknownExperiment", hint=hint)
        protocol = load_file(
            self.paths[identity], definitions=self.definitions, null_tokens=self.null_tokens, timezone=self.timezone
        )
        if protocol.id != identity:
            path = self.paths[identity]
            message = f"The file is called '{path.name}' and holds the experiment '{protocol.id}'."
            hint = f"Call it '{protocol.id}.yaml'."
            raise InputError(message, code="WrongFileName", place=Place(str(path), path="id"), hint=hint)
        return protocol

    def usable(self) -> tuple[Protocol, ...]:
        """Every protocol whose file can be used."""
        found = []
        for identity in self.paths:
            try:
                found.append(self[identity])
            except InputError:
                continue  # `check` tells what is wrong with it
        return tuple(found)


def check_together(protocols: Sequence[Protocol]) -> tuple[Problem, ...]:
    """What is wrong between experiments: one salt used twice, or at the same time slices of a layer that overlap."""
    return tuple(problem for one, other in combinations(protocols, 2) for problem in _between(one, other))


def _between(one: Protocol, other: Protocol) -> Iterator[Problem]:
    if one.id == other.id:
        yield _problem(other, "DuplicateId", f"Two files hold the experiment '{one.id}'.", "id")
    elif one.salt == other.salt:
        message = f"'{one.id}' and '{other.id}' share the salt '{one.salt}', so the same units get the same arms."
        yield _problem(other, "DuplicateSalt", message, "salt", "Give each experiment a salt of its own.")
    if one.enrolment_start > other.enrolment_end or other.enrolment_start > one.enrolment_end:
        return
    ours, theirs = one.layer, other.layer
    if ours is None or theirs is None or ours.name != theirs.name:
        return
    if one.unit != other.unit:
        message = (
            f"'{one.id}' enrols {one.unit}s and '{other.id}' {other.unit}s in the layer '{ours.name}' meanwhile: "
            "a lead and its account lie in slices of their own, so a lead may be in both."
        )
        yield _problem(other, "UnitsDiffer", message, "unit", "Give both the same unit, or dates that do not overlap.")
    low, high = max(ours.low, theirs.low), min(ours.high, theirs.high)
    if low < high:
        message = (
            f"'{one.id}' and '{other.id}' enrol at the same time and both own {percent(low)} to {percent(high)} "
            f"of the layer '{ours.name}'."
        )
        yield _problem(other, "SlicesOverlap", message, "slice", "Give each a slice of its own.")


def _problem(protocol: Protocol, code: str, message: str, path: str, hint: str | None = None) -> Problem:
    return Problem(code, message, Place(protocol.file, path=path), hint=hint)
