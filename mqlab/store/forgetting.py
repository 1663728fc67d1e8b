"""Taking a person out of the ledger: the one place where rows that are written change. Counts stay, the person goes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, Connection, Engine, cast, delete, func, insert, or_, select, update

from mqlab.assignment.units import domain_path
from mqlab.leads.links import DEFAULT_LINKING, Linking
from mqlab.store.account_domains import account_domain, leads_by_domain
from mqlab.store.engine import reading, writing
from mqlab.store.forgetting_rows import empty_quarantined, mask_file_names, quarantined
from mqlab.store.intake import commit, next_position
from mqlab.store.models import (
    FACTS,
    AssignmentRow,
    AuditRow,
    DecisionRow,
    EventRow,
    FieldChangeRow,
    ForgottenRow,
    LeadRow,
    MergeRow,
    OutcomeRow,
    QuarantineRow,
    UnmatchedRow,
)
from mqlab.store.records import canonical_json
from mqlab.store.rows import is_link

EMAIL = "email:"
NO_EMAILS: Mapping[str, str] = MappingProxyType({})
ENOUGH = 5
"""A text that so many other leads have too tells nobody who one of them is."""

Keep = Callable[[str, str, Any], bool]
"""Whether a value may stay: the kind of fact, the name of the field or property, the value."""


class Forgetting:
    """One transaction in which a person is forgotten."""

    def __init__(
        self,
        connection: Connection,
        *,
        now: datetime,
        digest: Callable[[str], str],
        linking: Linking = DEFAULT_LINKING,
    ) -> None:
        self._connection = connection
        self._linking = linking
        self._now = now
        self._digest = digest
        self._position = next_position(connection)
        self.counts: Counter[str] = Counter()

    def person(self, lead_id: str) -> frozenset[str]:
        """Every id that was ever merged with this one, itself among them."""
        people = ~is_link()
        found: set[str] = set()
        ahead = {lead_id}
        while ahead:
            found |= ahead
            older = select(MergeRow.lead_ref).where(MergeRow.new_id.in_(ahead), people)
            newer = select(MergeRow.new_id).where(MergeRow.lead_ref.in_(ahead), people)
            ahead = {*self._connection.scalars(older), *self._connection.scalars(newer)} - found
        return frozenset(found)

    def known(self, refs: Collection[str]) -> bool:
        """Whether the ledger holds anything about these ids, or has forgotten them before."""
        places: list[Any] = [table.lead_ref for table in FACTS.values()]
        places += [DecisionRow.lead_id, AssignmentRow.lead_id, AssignmentRow.unit, ForgottenRow.lead_ref]
        places += [MergeRow.new_id, QuarantineRow.lead_ref]
        return any(self._connection.scalar(select(1).where(place.in_(refs)).limit(1)) for place in places)

    def quarantined(self) -> Iterator[tuple[str, Any]]:
        """The kind and the content of every row that could not be used and was not emptied yet."""
        yield from ((kind, row) for _, kind, row in quarantined(self._connection))

    def emails(
        self, refs: Collection[str], beside: Mapping[str, str] = NO_EMAILS
    ) -> tuple[Mapping[str, str], set[str]]:
        """By e-mail hash that is the person's alone the id that had it; and the hashes shared with other leads.

        `beside`: hashes of theirs that no lead in the ledger has, with the ids.
        """
        own = dict(beside)
        mine = select(LeadRow.email_hash, LeadRow.lead_ref).where(LeadRow.lead_ref.in_(refs))
        for found, ref in self._connection.execute(mine.where(LeadRow.email_hash.is_not(None)).order_by(LeadRow.id)):
            own.setdefault(str(found), ref)
        told = select(OutcomeRow.email_hash).where(OutcomeRow.lead_ref.in_(refs), OutcomeRow.email_hash.is_not(None))
        for found in self._connection.scalars(told.distinct()):
            own.setdefault(str(found), EMAIL + self._digest(str(found)))
        others = select(LeadRow.email_hash).where(LeadRow.email_hash.in_(own), LeadRow.lead_ref.not_in(refs))
        shared = {str(found) for found in self._connection.scalars(others)}
        return {found: ref for found, ref in own.items() if found not in shared}, shared

    def is_common(self, kind: str, name: str, value: str, refs: Collection[str]) -> bool:
        """Whether enough other leads have the same text under the same name."""
        model = FACTS[kind]
        query = select(model.lead_ref).where(model.lead_ref.not_in(refs)).distinct().limit(ENOUGH)
        if model is FieldChangeRow:
            query = query.where(FieldChangeRow.field == name, FieldChangeRow.value == canonical_json(value))
        elif model is OutcomeRow:
            query = query.where(OutcomeRow.reason_code == value)
        else:
            query = query.where(self._in_json(LeadRow.fields if model is LeadRow else EventRow.props, name) == value)
        return len(self._connection.scalars(query).all()) >= ENOUGH

    def is_others_domain(self, domain: str, refs: Collection[str]) -> bool:
        """Whether another lead has an address of that domain."""
        other = select(1).where(LeadRow.email_domain == domain, LeadRow.lead_ref.not_in(refs)).limit(1)
        return self._connection.scalar(other) is not None

    def forget(
        self,
        refs: Collection[str],
        *,
        keep: Keep,
        keep_domain: Callable[[str], bool],
        mentioned: Callable[[Any], bool],
        beside: Mapping[str, str] = NO_EMAILS,
        subject: str,
        by: str,
        because: str,
    ) -> None:
        """Blanks everything personal of these ids, notes that they are forgotten, and makes a ledger position."""
        own, shared = self.emails(refs, beside)
        companies = self._companies(refs)
        self._leads(refs, keep, keep_domain, companies)
        self._events_and_changes(refs, keep)
        self._outcomes(refs, own, shared, keep)
        self._outcomes_by_domain({one: ref for one, ref in companies.items() if ref is not None})
        self._unmatched(refs, own)
        explained = update(DecisionRow).where(DecisionRow.lead_id.in_(refs), DecisionRow.explanation != "{}")
        self.counts["explanations"] += self._connection.execute(explained.values(explanation="{}")).rowcount
        self.counts["quarantined"] += empty_quarantined(
            self._connection, mentioned, position=self._position, now=self._now
        )
        mask_file_names(self._connection, own)
        self._remember(refs, own)
        stamp = {"position": self._position, "recorded_at": self._now}
        details = {"because": because, "ids": len(refs), **self.counts}
        self._connection.execute(
            insert(AuditRow).values(**stamp, by=by, action="forget", subject=subject, details=canonical_json(details))
        )
        commit(self._connection, self._position, now=self._now, what="forget")

    def _in_json(self, column: Any, name: str) -> Any:
        if self._connection.dialect.name == "sqlite":
            return func.json_extract(column, f'$."{name}"')
        return func.json_extract_path_text(cast(column, JSON), name)

    def _companies(self, refs: Collection[str]) -> Mapping[str, str | None]:
        """The companies' domains of the person with their id, which is None where other leads have one, too."""
        matching = replace(self._linking, same_domain=True)
        mine = select(LeadRow.email_domain, LeadRow.lead_ref).where(LeadRow.lead_ref.in_(refs)).order_by(LeadRow.id)
        found: dict[str, str | None] = {}
        for domain, ref in self._connection.execute(mine):
            company = account_domain(domain, matching)
            if company is not None:
                found.setdefault(company, ref)
        for company, leads in leads_by_domain(self._connection, found, matching).items():
            if not leads <= set(refs):
                found[company] = None
        return found

    def _leads(
        self,
        refs: Collection[str],
        keep: Keep,
        keep_domain: Callable[[str], bool],
        companies: Mapping[str, str | None],
    ) -> None:
        for row in self._connection.execute(select(LeadRow.__table__).where(LeadRow.lead_ref.in_(refs))).all():
            domain = row.email_domain
            if domain is not None and not keep_domain(domain):
                company = account_domain(domain, self._linking)
                domain = company if company is not None and companies[company] is None else None
            values = {
                "email_hash": None,
                "email_domain": domain,
                "domain_path": None if domain is None else domain_path(domain),
                "fields": _kept("leads", row.fields, keep),
            }
            self._change(LeadRow, row, values)

    def _events_and_changes(self, refs: Collection[str], keep: Keep) -> None:
        for row in self._connection.execute(select(EventRow.__table__).where(EventRow.lead_ref.in_(refs))).all():
            self._change(EventRow, row, {"props": _kept("events", row.props, keep)})
        changes = select(FieldChangeRow.__table__).where(FieldChangeRow.lead_ref.in_(refs))
        for row in self._connection.execute(changes).all():
            stays = keep("field-changes", row.field, json.loads(row.value))
            self._change(FieldChangeRow, row, {"value": row.value if stays else "null"})

    def _outcomes(self, refs: Collection[str], own: Mapping[str, str], shared: set[str], keep: Keep) -> None:
        """An outcome that named the person by an address alone names them by their id from now on.

        One that named an address shared with others stays undecided: it names nobody. What was said of an opportunity
        that is linked to the person goes, too.
        """
        hashes = {*own, *shared}
        named = [EMAIL + found for found in hashes]
        links = set(self._connection.scalars(select(MergeRow.lead_ref).where(MergeRow.new_id.in_(refs), is_link())))
        theirs = or_(OutcomeRow.lead_ref.in_([*refs, *named, *links]), OutcomeRow.email_hash.in_(list(own)))
        for row in self._connection.execute(select(OutcomeRow.__table__).where(theirs)).all():
            ref, address = row.lead_ref, row.email_hash
            if ref in named:
                found = ref.removeprefix(EMAIL)
                ref = own.get(found, EMAIL + self._digest(found))
            elif ref not in refs and address in own and not self._is_somebody(ref):
                ref = own[address]
            mine = ref in refs or ref in links
            stays = not mine or row.reason_code is None or keep("outcomes", "reason_code", row.reason_code)
            values = {
                "lead_ref": ref, "email_hash": None, "account_domain": None,
                "reason_code": row.reason_code if stays else None,
            }  # fmt: skip
            self._change(OutcomeRow, row, values)

    def _outcomes_by_domain(self, alone: Mapping[str, str]) -> None:
        """What only the domain of their company gave to the person names them by their id from now on.

        `alone` are the domains that no other lead has, with the person's id: they are gone.
        """
        theirs = OutcomeRow.account_domain.in_(list(alone))
        for row in self._connection.execute(select(OutcomeRow.__table__).where(theirs)).all():
            somebody = self._is_somebody(row.lead_ref) or self._is_address(row.email_hash)
            ref = row.lead_ref if somebody or not self._linking.same_domain else alone[row.account_domain]
            self._change(OutcomeRow, row, {"lead_ref": ref, "account_domain": None})

    def _is_address(self, email_hash: str | None) -> bool:
        """Whether a lead has the address."""
        there = select(1).where(LeadRow.email_hash == email_hash).limit(1)
        return email_hash is not None and self._connection.scalar(there) is not None

    def _is_somebody(self, ref: str) -> bool:
        """Whether an id is a lead, or stands in a merge."""
        places = (LeadRow.lead_ref, MergeRow.lead_ref, MergeRow.new_id)
        return any(self._connection.scalar(select(1).where(place == ref).limit(1)) for place in places)

    def _unmatched(self, refs: Collection[str], own: Mapping[str, str]) -> None:
        named = [EMAIL + found for found in own]
        theirs = or_(UnmatchedRow.lead_ref.in_([*refs, *named]), UnmatchedRow.email_hash.in_(list(own)))
        for row in self._connection.execute(select(UnmatchedRow.__table__).where(theirs)).all():
            ref = own.get(row.lead_ref.removeprefix(EMAIL), row.lead_ref) if row.lead_ref in named else row.lead_ref
            same = select(UnmatchedRow.id).where(
                UnmatchedRow.kind == row.kind, UnmatchedRow.lead_ref == ref, UnmatchedRow.key == row.key,
                UnmatchedRow.content == row.content, UnmatchedRow.email_hash == "", UnmatchedRow.id != row.id,
            )  # fmt: skip
            if self._connection.scalar(same) is not None:
                self._connection.execute(delete(UnmatchedRow).where(UnmatchedRow.id == row.id))
            else:
                self._change(UnmatchedRow, row, {"lead_ref": ref, "email_hash": ""}, counted=False)

    def _remember(self, refs: Collection[str], own: Mapping[str, str]) -> None:
        """Notes who is forgotten, so that a later import brings nothing of them back."""
        there = {
            tuple(row) for row in self._connection.execute(select(ForgottenRow.lead_ref, ForgottenRow.email_digest))
        }
        wanted = {(ref, "") for ref in refs} | {(ref, self._digest(found)) for found, ref in own.items()}
        for ref, digest in sorted(wanted - there):
            self._connection.execute(
                insert(ForgottenRow).values(
                    position=self._position, recorded_at=self._now, lead_ref=ref, email_digest=digest
                )
            )

    def _change(self, model: Any, row: Any, values: Mapping[str, Any], *, counted: bool = True) -> None:
        if all(getattr(row, name) == value for name, value in values.items()):
            return
        self._connection.execute(update(model).where(model.id == row.id).values(**values))
        if counted:
            self.counts[model.__tablename__] += 1


@contextmanager
def forgetting(
    engine: Engine, *, now: datetime, digest: Callable[[str], str], linking: Linking = DEFAULT_LINKING
) -> Iterator[Forgetting]:
    """One transaction in which a person is forgotten; `digest` makes of an e-mail's hash what is kept to know it."""
    with writing(engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON").fetchone()
        yield Forgetting(connection, now=now, digest=digest, linking=linking)


def forgotten(engine: Engine) -> set[str]:
    """The ids that are forgotten."""
    with reading(engine) as connection:
        found = connection.scalars(select(ForgottenRow.lead_ref).where(ForgottenRow.email_digest == ""))
        return set(found)


def _kept(kind: str, stored: str, keep: Keep) -> str:
    """A canonical JSON object without what may not stay."""
    found = json.loads(stored)
    left = {name: value for name, value in found.items() if keep(kind, name, value)}
    return stored if len(left) == len(found) else json.dumps(left, ensure_ascii=False, separators=(",", ":"))
