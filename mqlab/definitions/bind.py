"""A shape-checked file from names to meaning: the bound definition, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo, available_timezones

from mqlab.definitions.bind_declarations import bind_events, bind_fields, bind_lists, check_names
from mqlab.definitions.bind_expression import Binder, bind_expression, bind_feature
from mqlab.definitions.bind_matrix import bind_matrix
from mqlab.definitions.bind_rules import RuleBinder
from mqlab.definitions.bind_scores import bind_grading, bind_score
from mqlab.definitions.document import DefinitionSpec, MatrixSpec
from mqlab.definitions.draft import Draft, Step
from mqlab.definitions.in_time import InTime
from mqlab.definitions.model import (
    Definition,
    FastTrack,
    FieldDecl,
    Gate,
    Grading,
    Handoff,
    Label,
    LogisticModel,
    Matrix,
    Nurture,
    Requalify,
    Score,
    Term,
)
from mqlab.definitions.scope import SOURCE, Scope
from mqlab.definitions.strict import in_file_order, places
from mqlab.definitions.syntax import Source
from mqlab.definitions.tree import Expression
from mqlab.definitions.yaml import MapNode
from mqlab.errors import Place, Problem, ProblemsFound, nearest
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise

Bound = tuple[Expression, Binder]


def bind_condition(
    text: str,
    *,
    fields: Sequence[FieldDecl],
    place: Place = Place(),  # noqa: B008
    null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS,
) -> Expression:
    """A condition on the fields of a lead and `source`, such as an experiment's `eligible`; bad text is an InputError.

    Example:
        >>> bind_condition("source != 'partner'", fields=()).text
        "source != 'partner'"
    """
    tokens = frozenset(normalise(token) for token in null_tokens)
    known = {SOURCE.name: SOURCE} | {field.name: field for field in fields}
    scope = Scope("fields", fields=known, null_tokens=tokens)
    expression, _ = bind_expression(Source(text, place), scope)
    return expression


def bind_definition(spec: DefinitionSpec, root: MapNode, *, null_tokens: Sequence[str], file: str | None) -> Definition:
    """The definition that a file declares; ProblemsFound lists everything that was found wrong.

    The proof in time comes last, for it needs everything else to be right.
    """
    tokens = tuple(dict.fromkeys(normalise(token) for token in null_tokens))
    draft = Draft(spec, root, tokens)
    _check_timezone(draft)
    _check_ids(draft)
    check_names(draft)
    fields, lists, events = bind_fields(draft), bind_lists(draft), bind_events(draft)
    grades = tuple(bind_grading(draft, score, bounds) for score, bounds in spec.grades.items())
    scope = Scope(
        "scores",
        fields={SOURCE.name: SOURCE} | {field.name: field for field in fields},
        lists=dict(lists),
        events={event.name: event for event in events},
        scores=frozenset(spec.scores),
        grades={grading.score: grading for grading in grades},
        has_model=spec.model is not None,
        null_tokens=frozenset(tokens),
    )
    parts = _Parts(draft, scope)
    rules = RuleBinder(draft, scope)
    scores = tuple(bind_score(draft, rules, name, inner) for name, inner in spec.scores.items())
    model = parts.model()
    gates, qualify, tracks = parts.gates(), parts.qualify(), parts.fast_tracks()
    ignore, nurture, classify = parts.ignore_events(), parts.nurture(), parts.classify()
    _stop_at(draft.problems)
    _check_in_time(draft, scores, grades, gates, model, qualify, tracks)
    _stop_at(draft.problems)
    return Definition(
        id=spec.id,
        version=spec.version,
        title=spec.title,
        owner=spec.owner,
        changelog=spec.changelog,
        timezone=spec.timezone,
        fields=fields,
        lists=lists,
        events=events,
        ignore_events=ignore,
        gates=tuple(gate for gate, _ in gates),
        scores=scores,
        grades=grades,
        model=model[0] if model is not None else None,
        qualify=qualify[0] if isinstance(qualify, tuple) else qualify,
        fast_track=tuple(track for track, _ in tracks),
        nurture=nurture,
        classify=classify,
        handoff=Handoff(spec.handoff.first_touch, spec.handoff.decide_within) if spec.handoff is not None else None,
        requalify=Requalify(spec.requalify.cooldown, spec.requalify.max) if spec.requalify is not None else None,
        null_tokens=tokens,
        extends=spec.extends,
        file=file,
        places=places(root),
    )


class _Parts:
    """Binds what stands beside the scores; a part that fails is left out, its problems are noted."""

    def __init__(self, draft: Draft, scope: Scope) -> None:
        self.draft = draft
        self.spec = draft.spec
        self.scope = scope

    def gates(self) -> list[tuple[Gate, Binder]]:
        found: list[tuple[Gate, Binder]] = []
        for index, gate in enumerate(self.spec.gates):
            bound = self._bind(bind_expression, self.scope.of_facts(), "gates", index, "when")
            if bound is not None:
                found.append((Gate(gate.id, bound[0], gate.then, gate.on_unknown, gate.forever), bound[1]))
        return found

    def fast_tracks(self) -> list[tuple[FastTrack, Binder]]:
        found: list[tuple[FastTrack, Binder]] = []
        for index, track in enumerate(self.spec.fast_track):
            bound = self._bind(bind_expression, self.scope, "fast_track", index, "when")
            if bound is not None:
                found.append((FastTrack(track.id, bound[0]), bound[1]))
        return found

    def qualify(self) -> Bound | Matrix | None:
        if isinstance(self.spec.qualify, MatrixSpec):
            return bind_matrix(self.draft, self.scope.grades, self.spec.qualify)
        if self.spec.qualify is None:
            return None
        return self._bind(bind_expression, self.scope, "qualify")

    def ignore_events(self) -> Expression | None:
        if self.spec.ignore_events is None:
            return None
        bound = self._bind(bind_expression, self.scope.of_any_event(), "ignore_events")
        return bound[0] if bound is not None else None

    def nurture(self) -> Nurture | None:
        if self.spec.nurture is None:
            return None
        bound = self._bind(bind_expression, self.scope, "nurture", "when")
        return Nurture(bound[0], self.spec.nurture.track) if bound is not None else None

    def classify(self) -> tuple[Label, ...]:
        found: list[Label] = []
        for index, label in enumerate(self.spec.classify):
            bound = self._bind(bind_expression, self.scope, "classify", index, "when")
            if bound is not None:
                found.append(Label(label.label, bound[0]))
        return tuple(found)

    def model(self) -> tuple[LogisticModel, list[Binder]] | None:
        if self.spec.model is None:
            return None
        terms: list[Term] = []
        binders: list[Binder] = []
        for index, term in enumerate(self.spec.model.terms):
            bound = self._bind(bind_feature, self.scope.of_facts(), "model", "terms", index, "feature")
            if bound is not None:
                terms.append(Term(bound[0], term.coef))
                binders.append(bound[1])
        return LogisticModel(self.spec.model.intercept, tuple(terms), dict(self.spec.model.trained)), binders

    def _bind(self, bind: Callable[[Source, Scope], Bound], scope: Scope, *loc: Step) -> Bound | None:
        return self.draft.attempt(lambda: bind(self.draft.source(*loc), scope))


def _check_in_time(
    draft: Draft,
    scores: Sequence[Score],
    grades: Sequence[Grading],
    gates: Sequence[tuple[Gate, Binder]],
    model: tuple[LogisticModel, list[Binder]] | None,
    qualify: Bound | Matrix | None,
    tracks: Sequence[tuple[FastTrack, Binder]],
) -> None:
    check = InTime(draft, scores, grades, model[0] if model is not None else None)
    for index, (gate, binder) in enumerate(gates):
        check.gate(gate.when, binder, ("gates", index, "when"))
    if model is not None:
        check.model()
    if isinstance(qualify, Matrix):
        check.matrix(qualify)
    elif qualify is not None:
        check.condition(qualify[0], qualify[1], ("qualify",))
    for index, (track, binder) in enumerate(tracks):
        check.condition(track.when, binder, ("fast_track", index, "when"))


def _check_timezone(draft: Draft) -> None:
    name = draft.spec.timezone
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = nearest(name, available_timezones()) or "Write it as in Europe/Berlin."
        draft.wrong("UnknownTimezone", f"Unknown time zone '{name}'.", draft.place("timezone"), hint)


def _check_ids(draft: Draft) -> None:
    gates, tracks = [gate.id for gate in draft.spec.gates], [track.id for track in draft.spec.fast_track]
    for part, ids in (("gates", gates), ("fast_track", tracks)):
        seen: dict[str, Place] = {}
        for index, identity in enumerate(ids):
            place = draft.place(part, index, "id")
            first = seen.setdefault(normalise(identity), place)
            if first is not place:
                draft.wrong(
                    "DuplicateId", f"The id '{identity}' stands here twice; the first is in line {first.line}.", place
                )


def _stop_at(problems: Sequence[Problem]) -> None:
    if problems:
        raise ProblemsFound(in_file_order(problems))
