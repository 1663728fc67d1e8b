"""`forget`: take a person out of the ledger and keep the anonymous counts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mqlab.assignment.units import is_shared_domain
from mqlab.crm.forgotten import Forgotten, addresses_of, email_digest
from mqlab.errors import InputError
from mqlab.lab.no_ledger import NoLedger
from mqlab.leads.text import stored_name
from mqlab.leads.values import ValueType, read

if TYPE_CHECKING:
    from mqlab.lab.core import Lab
    from mqlab.store.forgetting import Forgetting


@dataclass(frozen=True, slots=True)
class Forgot:
    """What was forgotten: how many ids the person had, how many rows changed by table, and what is left to do.

    `subject` is how the audit log names the person: a hash of the id.
    """

    subject: str
    ids: int
    changed: Mapping[str, int]
    overwritten: bool
    notes: tuple[str, ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {**asdict(self), "notes": list(self.notes)}


def subject_of(lead_id: str) -> str:
    """How the audit log names somebody who is forgotten.

    Example:
        >>> "00Q5g00000AbCdE" in subject_of("00Q5g00000AbCdE"), len(subject_of("L1"))
        (False, 37)
    """
    return f"lead:{hashlib.sha256(f'forget:{lead_id}'.encode()).hexdigest()[:32]}"


def forget(lab: Lab, lead_id: str, *, by: str, because: str, now: datetime) -> Forgot:
    """Take out everything personal of a lead and of whoever it was merged with, and keep it out.

    Ids, instants, assignments, verdicts, kinds and amounts of outcomes stay. Of fields and properties stay numbers,
    truths and texts that many share, where a definition reads them and does not declare them personal. Somebody whose
    rows could not be used, and who is no lead yet, can be forgotten too. InputError where nothing is known of the id.
    """
    if isinstance(lab.reading, NoLedger):
        raise _unknown()
    rule = _Rule.of(lab)
    with lab.ledger.forgetting(now=now, digest=email_digest) as work:
        refs = work.person(lead_id)
        waiting = [row for row in work.quarantined() if Forgotten(refs).mentioned(row[1])]
        if not waiting and not work.known(refs):
            raise _unknown()
        beside = _addresses(waiting, lead_id, lab.settings.lab.internal_domains)
        own, _ = work.emails(refs, beside)
        person = Forgotten(refs, {email_digest(found): ref for found, ref in own.items()})

        def keep(kind: str, name: str, value: Any) -> bool:
            return rule.keeps(work, refs, kind, name, value)

        def keep_domain(domain: str) -> bool:
            return is_shared_domain(domain) or work.is_others_domain(domain, refs)

        work.forget(
            refs, keep=keep, keep_domain=keep_domain, mentioned=person.mentioned, beside=beside,
            subject=subject_of(lead_id), by=by, because=because,
        )  # fmt: skip
    overwritten = lab.ledger.overwrite()
    notes = ["Backups and exports made before still hold the person: delete them. A restored backup forgets again."]
    if not overwritten:
        notes.append("Another program is reading the store, so its log could not be emptied: run the command again.")
    return Forgot(subject_of(lead_id), len(refs), dict(work.counts), overwritten, tuple(notes))


def _addresses(rows: Iterable[tuple[str, Any]], lead_id: str, internal: Collection[str]) -> dict[str, str]:
    """The hashes that rows of leads, which could not be used, state as the person's address; our own name nobody."""
    told = (found for kind, row in rows if kind == "leads" for found in addresses_of(row))
    return {found.hash: lead_id for found in told if found.domain not in internal}


def _unknown() -> InputError:
    return InputError(
        "the ledger knows nothing of that lead.", code="NoSuchLead", hint="Give the lead's own id, as the CRM has it."
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """What definitions read, by kind of fact: names and declared types. Nothing else may stay."""

    read: Mapping[str, Mapping[str, ValueType]]

    @classmethod
    def of(cls, lab: Lab) -> _Rule:
        there = (lab.folder / "definitions").is_dir()
        definitions = [lab.definitions[ref] for ref in lab.definitions.refs()] if there else []
        personal = {stored_name(one.name) for found in definitions for one in found.fields if one.pii}
        fields = {stored_name(one.name): one.kind for found in definitions for one in found.fields}
        fields = {name: kind for name, kind in fields.items() if name not in personal}
        props = {
            stored_name(prop.name): prop.kind for found in definitions for one in found.events for prop in one.props
        }
        reason: Mapping[str, ValueType] = {"reason_code": "string"}
        return cls({"leads": fields, "field-changes": fields, "events": props, "outcomes": reason})

    def keeps(self, work: Forgetting, refs: Collection[str], kind: str, name: str, value: Any) -> bool:
        """Numbers and truths that a definition reads, and texts that enough others have too."""
        declared = self.read[kind].get(stored_name(name))
        if declared is None:
            return False
        if not isinstance(value, str):
            return True
        if declared in ("number", "bool") and read(value, declared, ()) is not None:
            return True
        return '"' not in name and work.is_common(kind, name, value, refs)
