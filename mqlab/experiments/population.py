"""What an experiment reads of its leads: `eligible`, segments, a covariate, and what its definitions need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass

from mqlab.definitions.bind import bind_condition
from mqlab.definitions.durations import duration_text
from mqlab.definitions.model import Definition, EventRule, FieldDecl, HalfLife
from mqlab.definitions.tree import AccountCount, Expression, FieldRef, Missing
from mqlab.definitions.yaml import Node, ScalarNode
from mqlab.errors import InputError, nearest
from mqlab.experiments.document import ExperimentSpec
from mqlab.experiments.exclusions import with_standard

Report = Callable[..., None]
HALF_LIVES = 1000
"""A half-life is at least `qualify_within` / 1000 (definitions.md 3.5)."""


class Population:
    """Resolves what one file says about leads, against the definitions of its arms that could be read."""

    def __init__(
        self, report: Report, spec: ExperimentSpec, definitions: Mapping[str, Definition], null_tokens: tuple[str, ...]
    ) -> None:
        self.report = report
        self.spec = spec
        self.definitions = definitions
        self.null_tokens = null_tokens

    def eligible(self, node: Node) -> Expression | None:
        """The bound condition; its fields are those of any arm's definition, `source`, and the standard exclusions."""
        text = self.spec.eligible
        if text is None or len(self.definitions) < len(self.spec.arms):
            return None
        place = node.place_of(0) if isinstance(node, ScalarNode) else node.place
        try:
            bound = bind_condition(
                text, fields=with_standard(self._fields().values()), place=place, null_tokens=self.null_tokens
            )
        except InputError as error:
            for problem in error.problems:
                self.report(problem.code, problem.message, "eligible", hint=problem.hint, place=problem.place)
            return None
        for name in sorted(_names(bound.tree)):
            self._declared_alike(name, "eligible")
        return bound

    def segments(self) -> None:
        """Each is a declared field or `source`, once."""
        if len(self.definitions) < len(self.spec.arms):
            return
        seen: set[str] = set()
        for index, name in enumerate(self.spec.segments):
            if name in seen:
                self.report("DuplicateSegment", f"The segment '{name}' stands here twice.", "segments", index)
            else:
                self._known(name, f"The segment '{name}'", "segments", index)
            seen.add(name)

    def post_stratify(self) -> None:
        """A declared field or `source`; only where leads are randomised, as an account's leads may differ in it."""
        name = self.spec.post_stratify
        if name is None:
            return
        if self.spec.unit == "account":
            self.report(
                "NeedsLeadUnit",
                "Leads can be post-stratified only where they are randomised one by one.",
                "post_stratify",
                hint="Leave the key out, or write `unit: lead`.",
            )
        if len(self.definitions) == len(self.spec.arms):
            self._known(name, f"The covariate '{name}'", "post_stratify")

    def fits_the_unit(self) -> None:
        """A definition that reads `account.*` may only run where accounts are randomised."""
        if self.spec.unit == "account":
            return
        for arm, definition in self.definitions.items():
            if any(isinstance(node, AccountCount) for node in parts(definition)):
                message = (
                    f"'{definition.ref}' reads other leads of the account, so leads cannot be randomised one by one."
                )
                self.report("NeedsAccountUnit", message, "arms", arm, "definition", hint="Write `unit: account`.")

    def decays_slowly_enough(self) -> None:
        """A half-life below `qualify_within` / 1000 is refused."""
        shortest = self.spec.qualify_within / HALF_LIVES
        allowed = duration_text(self.spec.qualify_within)
        for arm, definition in self.definitions.items():
            for rule in parts(definition):
                if not (isinstance(rule, EventRule) and isinstance(rule.decay, HalfLife)):
                    continue
                if rule.decay.half_life_us < shortest:
                    half = duration_text(rule.decay.half_life_us)
                    message = (
                        f"The rule '{rule.id}' of '{definition.ref}' halves every {half}: "
                        f"less than a thousandth of qualify_within ({allowed})."
                    )
                    hint = "Use a window (`within`) instead."
                    self.report("HalfLifeTooShort", message, "arms", arm, "definition", hint=hint)

    def _known(self, name: str, what: str, *path: str | int) -> None:
        """A field that some definition declares, and all that do alike; or `source`."""
        known = self._fields()
        if name == "source" or name in known:
            self._declared_alike(name, *path)
            return
        hint = nearest(name, [*known, "source"]) or f"Fields are {', '.join(sorted(known)) or 'none'} and source."
        self.report("UnknownField", f"{what} is no field of the definitions.", *path, hint=hint)

    def _fields(self) -> dict[str, FieldDecl]:
        found: dict[str, FieldDecl] = {}
        for definition in self.definitions.values():
            for field in definition.fields:
                found.setdefault(field.name, field)
        return found

    def _declared_alike(self, name: str, *path: str | int) -> None:
        declared: dict[str, str] = {}
        for definition in self.definitions.values():
            for field in definition.fields:
                if field.name == name:
                    declared.setdefault(field.kind, definition.ref)
        if len(declared) > 1:
            said = ", but ".join(f"{kind} in '{ref}'" for kind, ref in declared.items())
            self.report("TypeMismatch", f"The field '{name}' is {said}.", *path)


def parts(value: object) -> Iterator[object]:
    """A frozen record and everything inside it, however deep."""
    yield value
    if is_dataclass(value) and not isinstance(value, type):
        for field in dataclass_fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from parts(item)


def _names(tree: object) -> set[str]:
    found: set[str] = set()
    for node in parts(tree):
        if isinstance(node, FieldRef):
            found.add(node.name)
        elif isinstance(node, Missing):
            found.add(node.field)
    return found
