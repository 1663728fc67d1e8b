"""The definitions of a lab's folder, by ref; a bad file troubles nobody until its ref is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mqlab.definitions import lock
from mqlab.definitions.document import VERSION
from mqlab.definitions.extends import inline
from mqlab.definitions.load import load_node
from mqlab.definitions.model import Definition
from mqlab.definitions.yaml import MapNode, ScalarNode, read_yaml_file
from mqlab.errors import InputError, Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import DEFAULT_NULL_TOKENS

FILE_NAME = re.compile(rf"(?P<id>[^@]+)@(?P<version>{VERSION.pattern})\.ya?ml")
LOCK_NAME = "definitions.lock"


def version_key(version: str) -> tuple[int, ...]:
    """For sorting: 1.10.0 comes after 1.9.0."""
    return tuple(int(part) for part in version.split("."))


class Registry:
    """The definitions of one folder. Files are read when they are asked for, once."""

    def __init__(self, folder: Path, files: Sequence[Path], null_tokens: Sequence[str]) -> None:
        self.folder = folder
        self.null_tokens = tuple(null_tokens)
        self._named = {path.stem: path for path in reversed(files) if FILE_NAME.fullmatch(path.name)}
        self._files = tuple(files)
        self._nodes: dict[str, MapNode] = {}
        self._loaded: dict[str, Definition] = {}
        self._reading: list[str] = []

    @classmethod
    def open(cls, folder: Path | str, *, null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS) -> Registry:
        """The definitions in `folder`; a folder that cannot be listed is an InputError."""
        path = Path(folder)
        try:
            files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml") and file.name[0] != ".")
        except OSError as error:
            message = f"The folder of definitions cannot be read: {error.strerror or error}."
            raise InputError(message, code="UnreadableFile", place=Place(file=str(path))) from error
        return cls(path, files, null_tokens)

    def refs(self) -> tuple[str, ...]:
        """Every ref, by id and then by version."""
        return tuple(sorted(self._named, key=lambda ref: (ref.partition("@")[0], version_key(ref.partition("@")[2]))))

    def __contains__(self, ref: object) -> bool:
        return ref in self._named

    def __iter__(self) -> Iterator[str]:
        return iter(self.refs())

    def __len__(self) -> int:
        return len(self._named)

    def __getitem__(self, ref: str) -> Definition:
        """The definition, bound; an unknown ref or a bad file is an InputError."""
        if ref not in self._loaded:
            path = self._path(ref)
            node = self._node(ref)
            self._check_name(path, node)
            self._loaded[ref] = load_node(node, file=str(path), null_tokens=self.null_tokens, parents=self.inlined)
        return self._loaded[ref]

    def latest(self, identity: str) -> Definition:
        """The definition with the greatest version of an id."""
        return self[self.newest(identity)]

    def newest(self, identity: str) -> str:
        """The ref with the greatest version of an id, whether its file can be used or not."""
        versions = [ref for ref in self.refs() if ref.partition("@")[0] == identity]
        if not versions:
            ids = {ref.partition("@")[0] for ref in self._named}
            raise InputError(
                f"There is no definition '{identity}'.", code="UnknownDefinition", hint=_known(identity, ids)
            )
        return versions[-1]

    def ancestors(self, ref: str) -> tuple[str, ...]:
        """What a ref extends, what that extends, and so on: the nearest first, as far as the folder holds them."""
        found: list[str] = []
        while True:
            node = self._node(ref).get("extends")
            if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or node.value not in self._named:
                return tuple(found)
            ref = node.value
            if ref in found:
                return tuple(found)
            found.append(ref)

    def inlined(self, ref: str) -> MapNode:
        """The file of a ref with everything it inherits, before it is bound: what `extends` builds on."""
        if ref in self._reading:
            chain = " → ".join([*self._reading, ref])
            raise InputError(f"A definition cannot extend itself: {chain}.", code="ExtendsItself")
        self._reading.append(ref)
        try:
            return inline(self._node(ref), self.inlined)
        finally:
            self._reading.pop()

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with the folder: its files, their names, duplicates, broken locks."""
        found: list[Problem] = []
        for path in self._files:
            found.extend(self._file_problems(path))
        try:
            found.extend(lock.problems(self, lock.read_lock(self.folder / LOCK_NAME)))
        except InputError as error:
            found.extend(error.problems)
        return tuple(dict.fromkeys(found))

    def _file_problems(self, path: Path) -> tuple[Problem, ...]:
        match = FILE_NAME.fullmatch(path.name)
        try:
            if match is None:
                return self._misnamed(path)
            if self._named[path.stem] != path:
                first = self._named[path.stem].name
                return (Problem("DuplicateDefinition", f"{path.stem} is also in {first}.", Place(file=str(path))),)
            self[path.stem]
        except InputError as error:
            return error.problems
        return ()

    def _misnamed(self, path: Path) -> tuple[Problem, ...]:
        node = read_yaml_file(path)
        identity, version = node.get("id"), node.get("version")
        if isinstance(identity, ScalarNode) and isinstance(version, ScalarNode):
            ref = f"{identity.value}@{version.value}"
            if ref in self._named:
                message = f"{ref} is also in {self._named[ref].name}."
                return (Problem("DuplicateDefinition", message, Place(file=str(path))),)
            hint = f"Call it {ref}.yaml."
        else:
            hint = "A definition's file is called <id>@<version>.yaml."
        return (
            Problem(
                "FileName",
                "The name of the file does not say which definition it holds.",
                Place(file=str(path)),
                hint=hint,
            ),
        )

    def _check_name(self, path: Path, node: MapNode) -> None:
        match = FILE_NAME.fullmatch(path.name)
        problems: list[Problem] = []
        for key in ("id", "version"):
            value = node.get(key)
            if (
                match is None
                or not isinstance(value, ScalarNode)
                or not isinstance(value.value, str)
                or value.value == match[key]
            ):
                continue
            place = Place(value.place.file, value.place.line, value.place.column, key)
            message = f"The file is called {path.name}, but its {key} is {value.value}."
            problems.append(Problem("FileName", message, place, hint="Rename the file, or correct the key."))
        if problems:
            raise ProblemsFound(problems)

    def _path(self, ref: str) -> Path:
        if ref not in self._named:
            raise InputError(
                f"There is no definition '{ref}'.", code="UnknownDefinition", hint=_known(ref, self.refs())
            )
        return self._named[ref]

    def _node(self, ref: str) -> MapNode:
        if ref not in self._nodes:
            self._nodes[ref] = read_yaml_file(self._path(ref))
        return self._nodes[ref]


def _known(word: str, known: Sequence[str] | set[str]) -> str | None:
    listed = sorted(known)
    return nearest(word, listed) or (f"Known: {', '.join(listed[:8])}." if listed else "The folder has no definitions.")
