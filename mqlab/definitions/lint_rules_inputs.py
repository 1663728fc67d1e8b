"""Lint rules about what a definition reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mqlab.definitions.lint_rule import Finding, Subject, lint_rule
from mqlab.definitions.model import (
    AbsenceRule,
    BandsRule,
    Definition,
    EventRule,
    MapRule,
    Matrix,
    WeightRule,
    WordsRule,
)
from mqlab.definitions.sites import all_channels, all_nodes, expression_sites, fields_read, rule_sites
from mqlab.definitions.tree import AccountCount, Count, DaysSince, GradeRef, Member, PropRef, ScoreRef, Sum
from mqlab.leads.records import OutcomeKind

SALES_FIELDS = frozenset(
    {
        "status", "lead_status", "contact_status", "sales_status", "mql_status", "sql_status", "deal_status",
        "opportunity_status", "qualification_status", "stage", "lead_stage", "lifecycle_stage", "lifecyclestage",
        "deal_stage", "pipeline_stage", "sales_stage", "opportunity_stage", "sales_accepted", "sales_rejected",
        "is_sql", "is_mql", "close_date", "lead_rating", "last_touched_at", "last_contacted",
    }
)  # fmt: skip
SALES_WORDS = frozenset(
    {"owner", "converted", "opportunity", "disposition", "closed", "won", "lost", "recycled", "rejected"}
)
SALES_EVENTS = frozenset(kind.value for kind in OutcomeKind if kind is not OutcomeKind.SURVEY)
OPEN_WORDS = frozenset({"open", "opens", "opened"})
MAIL_WORDS = frozenset({"email", "mail", "newsletter", "e"})
SITES_THAT_QUALIFY = frozenset({"rule", "term", "qualify", "fast_track"})


@lint_rule("warning")
def leakage_field(subject: Subject) -> Iterator[Finding]:
    """The field '{field}' looks like one that sales sets after the handover: the definition would know the answer
    before it is given."""
    for name in sorted(set(_fields_used(subject.definition))):
        if is_set_by_sales(name):
            hint = "Read what the lead is and does, or rename the field if sales does not set it."
            yield Finding(f"fields.{name}", {"field": name}, hint)


@lint_rule("warning")
def leakage_event(subject: Subject) -> Iterator[Finding]:
    """The event '{event}' is an outcome that sales reports after the handover: the definition would know the answer
    before it is given."""
    for name in sorted(set(_events_used(subject.definition)) & SALES_EVENTS):
        hint = "Outcomes are compared with the definition afterwards; they cannot be part of it."
        yield Finding(f"events.{name}", {"event": name}, hint)


@lint_rule("warning")
def points_for_email_open(subject: Subject) -> Iterator[Finding]:
    """Opening an e-mail ('{event}') counts towards being an MQL, but privacy proxies open e-mails for people who
    never see them."""
    hint = "Count clicks instead, or keep opens for labels."
    for site in rule_sites(subject.definition):
        match site.rule:
            case EventRule(channel=channel) if is_email_open(channel.event):
                yield Finding(site.path, {"event": channel.event}, hint)
            case AbsenceRule(events=events):
                for event in filter(is_email_open, events):
                    yield Finding(site.path, {"event": event}, hint)
            case _:
                continue
    for expression in expression_sites(subject.definition):
        if expression.role not in SITES_THAT_QUALIFY:
            continue
        for node in all_nodes(expression.tree):
            if isinstance(node, Count | Sum | DaysSince | AccountCount) and is_email_open(node.channel.event):
                yield Finding(expression.path, {"event": node.channel.event}, hint)


@lint_rule("warning")
def unused_list(subject: Subject) -> Iterator[Finding]:
    """The list '{name}' is used nowhere."""
    used = {
        node.list_name
        for site in expression_sites(subject.definition)
        for node in all_nodes(site.tree)
        if isinstance(node, Member)
    }
    for name, _ in subject.definition.lists:
        if name not in used:
            yield Finding(f"lists.{name}", {"name": name}, "Remove it, or use it with `in`.")


@lint_rule("warning")
def unused_field(subject: Subject) -> Iterator[Finding]:
    """The field '{name}' is used nowhere."""
    used = set(_fields_used(subject.definition))
    for decl in subject.definition.fields:
        if decl.name not in used:
            yield Finding(f"fields.{decl.name}", {"name": decl.name}, "Remove it: every field has to be delivered.")


@lint_rule("warning")
def unused_event(subject: Subject) -> Iterator[Finding]:
    """The event '{name}' is used nowhere."""
    used = set(_events_used(subject.definition))
    for decl in subject.definition.events:
        if decl.name not in used:
            yield Finding(f"events.{decl.name}", {"name": decl.name}, "Remove it: every event has to be delivered.")


@lint_rule("warning")
def unused_property(subject: Subject) -> Iterator[Finding]:
    """The property '{name}' of the event '{event}' is used nowhere."""
    used: set[str] = set()
    for site in expression_sites(subject.definition):
        for node in all_nodes(site.tree):
            if isinstance(node, PropRef):
                used.add(node.name)
            elif isinstance(node, Sum):
                used.add(node.prop)
    read = set(_events_used(subject.definition))
    for event in subject.definition.events:
        for prop in event.props:
            if prop.name not in used and event.name in read:
                words = {"name": prop.name, "event": event.name}
                yield Finding(f"events.{event.name}.props.{prop.name}", words, "Remove it, or read it in a condition.")


@lint_rule("warning")
def unused_score(subject: Subject) -> Iterator[Finding]:
    """The score '{name}' decides nothing: it is read by no qualification, fast track, label or nurture track."""
    definition = subject.definition
    used: set[str] = set()
    if isinstance(definition.qualify, Matrix):
        used |= {definition.qualify.row_score, definition.qualify.column_score}
    for site in expression_sites(definition):
        for node in all_nodes(site.tree):
            if isinstance(node, ScoreRef):
                used.add(node.name)
            elif isinstance(node, GradeRef):
                used.add(node.score)
    for score in definition.scores:
        if score.name not in used:
            yield Finding(f"scores.{score.name}", {"name": score.name}, "Use it, or remove it.")


def is_set_by_sales(name: str) -> bool:
    """Whether a field's name is one that CRMs use for what sales does with a lead.

    Example:
        >>> [is_set_by_sales(name) for name in ("lead_status", "OwnerId", "funding_stage", "email_type")]
        [True, True, False, False]
    """
    words = _words(name)
    return "_".join(words) in SALES_FIELDS or bool(SALES_WORDS & set(words))


def is_email_open(name: str) -> bool:
    """Whether an event's name means that an e-mail was opened.

    Example:
        >>> [is_email_open(name) for name in ("email_open", "EmailOpened", "open", "app_open", "email_click")]
        [True, True, True, False, False]
    """
    words = set(_words(name))
    return bool(words & OPEN_WORDS) and (bool(words & MAIL_WORDS) or len(words) == 1)


def _words(name: str) -> list[str]:
    """The words of a name, in snake_case or camelCase, in lower case."""
    return [word.lower() for word in re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).split("_") if word]


def _fields_used(definition: Definition) -> Iterator[str]:
    for site in rule_sites(definition):
        if isinstance(site.rule, BandsRule | MapRule | WordsRule | WeightRule):
            yield site.rule.field
    for expression in expression_sites(definition):
        yield from fields_read(expression.tree)


def _events_used(definition: Definition) -> Iterator[str]:
    for channel in all_channels(definition):
        yield channel.event
    for site in rule_sites(definition):
        if isinstance(site.rule, AbsenceRule):
            yield from site.rule.events
