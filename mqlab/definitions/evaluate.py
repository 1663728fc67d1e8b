"""Whether a lead is an MQL under a definition, and from which instant (definitions.md section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mqlab.definitions.decision import Decision, Verdict
from mqlab.definitions.explain import Explainer, Reading
from mqlab.definitions.fields import reader
from mqlab.definitions.logic import Leaves, Reader, compile_node
from mqlab.definitions.model import Definition, FieldDecl
from mqlab.definitions.plan import Plan
from mqlab.definitions.prepare import Prepared, as_if_on_time, prepare
from mqlab.definitions.sweep import Sweep
from mqlab.definitions.tree import Expression, FieldRef, Missing, Node, PropRef
from mqlab.definitions.verdict import verdict_of_gates
from mqlab.leads.instants import micros
from mqlab.leads.records import History, Scalar
from mqlab.leads.text import DEFAULT_NULL_TOKENS, stored_name


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first instant at which a definition held: microseconds since 1970 UTC and the path, or why it did not."""

    verdict: Verdict
    qualified_at_us: int | None = None
    path: str | None = None


NEVER = Crossing("not_mql")


class Evaluator:
    """A definition prepared once to judge any number of leads.

    `history` may be a `History` or what `prepare` made of it; prepare it yourself where several definitions judge the
    same lead. `account` holds the histories of the lead's colleagues; the lead's own is always counted, once.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._plan = Plan(definition)
        self._explainer: Explainer | None = None

    def first_crossing(
        self,
        history: History | Prepared,
        *,
        as_of: datetime,
        start: datetime | None = None,
        qualify_within_us: int | None = None,
        account: Sequence[History | Prepared] = (),
    ) -> Crossing:
        """The first instant in [start, start + qualify_within), known by `as_of`, at which the definition holds.

        `start` is the lead's `assigned_at`, else its `created_at`, unless given. Where it never holds, the verdict and
        the path are of the gates at `as_of`.
        """
        lead = prepare(history)
        start_us = lead.start_us if start is None else micros(start)
        as_of_us = micros(as_of)
        if as_of_us < start_us:
            return NEVER
        last_us = as_of_us if qualify_within_us is None else min(as_of_us, start_us + qualify_within_us - 1)
        plan = self._plan
        others = [prepare(other) for other in account] if plan.reads_account else ()
        sweep = Sweep(plan, lead, start_us, as_of_us, others)
        path = sweep.holds()
        if last_us >= start_us:
            if path is not None:
                return Crossing("mql", start_us, path)
            if sweep.may_hold(last_us):
                for at, path in sweep.walk(sorted(sweep.instants(start_us, last_us))):
                    if path is not None:
                        return Crossing("mql", at, path)
        if not plan.gates:
            return NEVER
        if plan.has_forever:
            for _ in sweep.walk(sorted(sweep.instants(sweep.state.at_us, as_of_us))):
                pass
        if sweep.changes or not plan.gates_hang_on_fields:
            sweep.state.move(as_of_us)
            plan.blocked(sweep.state)
        verdict, gate = verdict_of_gates(plan, sweep.state)
        return Crossing(verdict, None, gate)

    def would_have_qualified_at(
        self,
        history: History,
        *,
        as_of: datetime,
        start: datetime | None = None,
        qualify_within_us: int | None = None,
        account: Sequence[History] = (),
    ) -> Crossing:
        """The crossing had every fact known by `as_of` been known when it occurred (definitions.md 3.11)."""
        return self.first_crossing(
            as_if_on_time(history, as_of),
            as_of=as_of,
            start=start,
            qualify_within_us=qualify_within_us,
            account=[as_if_on_time(other, as_of) for other in account],
        )

    def decide(
        self,
        history: History | Prepared,
        *,
        as_of: datetime,
        start: datetime | None = None,
        qualify_within_us: int | None = None,
        account: Sequence[History | Prepared] = (),
    ) -> Decision:
        """The explained decision about one lead at `as_of`; verdict and path as `first_crossing` gives them."""
        return self._explaining().decide(
            history, as_of=as_of, start=start, qualify_within_us=qualify_within_us, account=account
        )

    def read(self, history: History | Prepared, *, as_of: datetime, start: datetime) -> Reading:
        """The path, the scores and the rules with points of `decide`, sooner than all of it."""
        return self._explaining().read(history, as_of=as_of, start=start)

    def _explaining(self) -> Explainer:
        if self._explainer is None:
            self._explainer = Explainer(self.definition)
        return self._explainer


def decide(
    definition: Definition,
    history: History,
    *,
    as_of: datetime,
    start: datetime | None = None,
    qualify_within_us: int | None = None,
    account: Sequence[History] = (),
) -> Decision:
    """The explained decision of a definition about one lead, from the facts known by `as_of`.

    `start` defaults to the lead's `assigned_at`, else `created_at`; without `qualify_within_us` there is no end.
    For many leads make one `Evaluator`.
    """
    return Explainer(definition).decide(
        history, as_of=as_of, start=start, qualify_within_us=qualify_within_us, account=account
    )


class _ValueLeaves(Leaves[Mapping[str, Scalar]]):
    """Reads fields from a mapping of raw values."""

    def __init__(self, fields: Sequence[FieldDecl], null_tokens: Sequence[str]) -> None:
        self._fields = {field.name: field for field in fields}
        self._tokens = null_tokens

    def leaf(self, node: Node) -> Reader[Mapping[str, Scalar]]:
        """A field by its declared type, after its default."""
        if isinstance(node, Missing):
            return self._missing(node.field)
        if not isinstance(node, FieldRef):
            return super().leaf(node)
        name, decl = stored_name(node.name), self._fields.get(node.name)
        if decl is None:
            read = reader("string" if node.kind == "enum" else node.kind, (), self._tokens)
            return lambda values: read(values.get(name))
        read = reader(decl.kind, decl.labels, self._tokens)
        default: Scalar = decl.default_label if decl.kind == "enum" else decl.impute
        return lambda values: default if (value := read(values.get(name))) is None else value

    def _missing(self, name: str) -> Reader[Mapping[str, Scalar]]:
        decl, key = self._fields.get(name), stored_name(name)
        read = reader("string", (), self._tokens) if decl is None else reader(decl.kind, decl.labels, self._tokens)
        return lambda values: read(values.get(key)) is None

    def declared(self, ref: FieldRef | PropRef) -> Reader[Mapping[str, Scalar]]:
        """The number an enum's label stands for; the enum must be among the fields."""
        decl = self._fields.get(ref.name)
        if decl is None:
            return super().declared(ref)
        label = self.leaf(ref)
        numbers = {entry.label: entry.value for entry in decl.labels}
        return lambda values: numbers.get(label(values))


@lru_cache(maxsize=256)
def _condition(
    tree: Node, fields: tuple[FieldDecl, ...], null_tokens: tuple[str, ...]
) -> Callable[[Mapping[str, Scalar]], bool | None]:
    return compile_node(tree, _ValueLeaves(fields, null_tokens))


def condition(
    expression: Expression, *, fields: Sequence[FieldDecl] = (), null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS
) -> Callable[[Mapping[str, Scalar]], bool | None]:
    """`truth` of one condition, prepared for many leads: raw values → true, false, or None for unknown."""
    holds = _condition(expression.tree, tuple(fields), tuple(null_tokens))

    def of(values: Mapping[str, Scalar]) -> bool | None:
        return holds({stored_name(name): value for name, value in values.items()})

    return of


def truth(
    expression: Expression,
    values: Mapping[str, Scalar],
    *,
    fields: Sequence[FieldDecl] = (),
    null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS,
) -> bool | None:
    """Whether a condition on fields alone is true for raw `values` (as `fields.values_at` gives them); None: unknown.

    `fields` are the declarations the expression was bound against: enums need them for labels, order and defaults.
    """
    return condition(expression, fields=fields, null_tokens=null_tokens)(values)
