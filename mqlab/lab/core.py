"""A lab: a folder with `mqlab.toml`, `definitions/`, `experiments/`, `reports/`, and its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mqlab.lab.contents import Contents
from mqlab.lab.progress import Progress, silent

if TYPE_CHECKING:
    from mqlab.analysis.planning.assumed import Stated
    from mqlab.analysis.score_in_engine import EveryLead
    from mqlab.crm.counts import ImportCounts
    from mqlab.definitions.decision import Decision
    from mqlab.definitions.points_table import NotCarried
    from mqlab.errors import Problem
    from mqlab.experiments.enrol import Assignment
    from mqlab.experiments.protocol import Protocol
    from mqlab.lab.analyze import Analysis
    from mqlab.lab.assign_everyone import EveryPlace
    from mqlab.lab.backtest import Backtested
    from mqlab.lab.definitions import Diff
    from mqlab.lab.doctor import Examination
    from mqlab.lab.export import Exported
    from mqlab.lab.feedback import FeedbackReport
    from mqlab.lab.forget import Forgot
    from mqlab.lab.plan import Planned
    from mqlab.lab.quarantine import Settled
    from mqlab.lab.quarter_report import QuarterReport
    from mqlab.lab.verify import Verified
    from mqlab.lab.why import Why
    from mqlab.leads.records import Event, Lead
    from mqlab.leads.ties import Ties
    from mqlab.reports.formats import ReportFormat
    from mqlab.store.backup import Copy
    from mqlab.store.records import Quarantined, QuarantineStep


class Lab(Contents):
    """One lab. Each verb stands in its own module of `mqlab.lab`; this class only names them.

    Where a verb may be asked without an instant, `clock` says what "now" is. A date as `as_of` means the end of that
    day in the lab's zone.

    Example: `Lab.open(".").analyze("2026q3-intent", as_of=date(2026, 12, 5)).to_pandas()`
    """

    def protocol(self, experiment: str) -> Protocol:
        """The protocol of one experiment, with the phases that `ramp` appended."""
        from mqlab.lab.experiments import protocol

        return protocol(self, experiment)

    def protocol_zone(self, experiment: str) -> ZoneInfo:
        """The time zone of an experiment's dates."""
        return ZoneInfo(self.protocol(experiment).timezone)

    def check(self, at: datetime) -> tuple[Problem, ...]:
        """Everything wrong with the lab's settings, definitions and experiments."""
        from mqlab.lab.check import check

        return check(self, at)

    def definition_rows(self, at: datetime) -> list[dict[str, Any]]:
        """One row per definition, with what is in force at an instant."""
        from mqlab.lab.definitions import rows

        return rows(self, at)

    def show_definition(self, ref: str) -> dict[str, Any]:
        """A definition's text and fingerprints."""
        from mqlab.lab.definitions import show

        return show(self, ref)

    def describe(self, ref: str) -> list[str]:
        """A definition in plain English."""
        from mqlab.lab.definitions import describe_lines

        return describe_lines(self, ref)

    def diff(self, before: str, after: str, *, leads: Path | None = None, at: datetime) -> Diff:
        """What changes between two definitions, in words."""
        from mqlab.lab.definitions import diff_of

        return diff_of(self, before, after, leads=leads, at=at)

    def lint(self, refs: Sequence[str] = ()) -> tuple[Problem, ...]:
        """What is allowed and probably not meant."""
        from mqlab.lab.definitions import lint_all

        return lint_all(self, refs)

    def lock(self, refs: Sequence[str] = (), *, at: datetime, by: str = "") -> list[tuple[str, str, bool]]:
        """Lock definitions: (ref, meaning fingerprint, whether it is new) each."""
        from mqlab.lab.definitions import lock

        return lock(self, refs, at=at, by=by)

    def approve(self, ref: str, *, team: str, by: str, at: datetime) -> dict[str, Any]:
        """Approve a definition for a team."""
        from mqlab.lab.definitions import approve

        return approve(self, ref, team=team, by=by, at=at)

    def score(self, ref: str, lead_file: Path, *, at: datetime) -> list[Decision]:
        """Judge the leads of a lead file by a definition."""
        from mqlab.lab.score import score_file

        return score_file(self, ref, lead_file, at=at)

    def score_everyone(self, ref: str, *, at: datetime | date | None = None, progress: Progress = silent) -> EveryLead:
        """Judge every lead of the lab by a definition, where the leads are."""
        from mqlab.lab.score_everyone import score_everyone

        return score_everyone(self, ref, at=self._instant(at), progress=progress)

    def backtest(
        self,
        ref: str,
        *,
        against: str | None = None,
        as_of: datetime | date | None = None,
        created_from: datetime | date | None = None,
        created_to: datetime | date | None = None,
        qualify_within: str | None = None,
        sql_within_days: int = 60,
        won_within_days: int = 180,
        progress: Progress = silent,
    ) -> Backtested:
        """Which past leads a definition would have passed, beside another one (default: what is in force).

        It describes what those leads went on to do under whatever rule handed them over: no causal effect.
        """
        from mqlab.lab.backtest import backtest

        return backtest(
            self, ref, against=against, as_of=self._instant(as_of),
            created_from=self._beginning(created_from),
            created_to=None if created_to is None else self._instant(created_to),
            qualify_within=qualify_within, sql_within_days=sql_within_days, won_within_days=won_within_days,
            progress=progress,
        )  # fmt: skip

    def import_points(
        self,
        file: Path,
        *,
        definition_id: str,
        version: str = "1.0.0",
        threshold: float | None = None,
        overwrite: bool = False,
    ) -> tuple[Path, tuple[NotCarried, ...]]:
        """Make a definition file from a points table; returns it with what could not be carried over."""
        from mqlab.lab.definitions import import_points

        return import_points(
            self, file, definition_id=definition_id, version=version, threshold=threshold, overwrite=overwrite
        )

    def assign(
        self, lead: Lead, experiment: str | None = None, *, as_of: datetime | date | None = None
    ) -> Assignment | None:
        """Where one lead belongs in an experiment, by what is known at `as_of`.

        Without `experiment`: its place in the running experiment that takes it, None where what is in force governs.
        """
        at = self._instant(as_of)
        if experiment is None:
            from mqlab.lab.governing import governing

            return governing(self, lead, at=at).assignment
        from mqlab.lab.assign import assign

        return assign(self, experiment, [lead], as_of=at)[0]

    def assign_file(
        self,
        experiment: str,
        file: Path,
        *,
        as_of: datetime,
        preset: str | None = None,
        mapping: Path | None = None,
    ) -> list[Assignment]:
        """Where each lead of a file belongs in an experiment, in the file's order."""
        from mqlab.lab.assign import assign_file

        return assign_file(self, experiment, file, as_of=as_of, preset=preset, mapping=mapping)

    def assign_everyone(
        self, experiment: str, *, as_of: datetime | date | None = None, progress: Progress = silent
    ) -> EveryPlace:
        """Where every lead of the lab belongs in an experiment, as `analyze` sees it."""
        from mqlab.lab.assign_everyone import assign_everyone

        return assign_everyone(self, experiment, as_of=self._instant(as_of), progress=progress)

    def decide(
        self,
        lead: Lead,
        events: Sequence[Event] | None = None,
        *,
        as_of: datetime | date | None = None,
        now: datetime | None = None,
    ) -> Decision:
        """Judge a lead by the definition that governs it and write the decision, and its shadows, to the ledger.

        Without `events` the lead has those that the ledger knows.
        """
        from mqlab.lab.decide import decide

        at = self._instant(as_of)
        return decide(self, lead, events, as_of=at, now=now or at)

    def ingest(
        self,
        kind: str,
        file: Path,
        *,
        now: datetime,
        preset: str | None = None,
        mapping: Path | None = None,
        table: str | None = None,
        snapshot_at: datetime | None = None,
        dry_run: bool = False,
        progress: Progress = silent,
    ) -> ImportCounts:
        """Read a file of leads, events, field-changes, outcomes or identity into the ledger.

        `table` says which of the preset's tables the file is, where its header does not.
        """
        from mqlab.lab.ingest import ingest

        return ingest(
            self, kind, file, now=now, preset=preset, mapping=mapping, table=table, snapshot_at=snapshot_at,
            dry_run=dry_run, progress=progress,
        )  # fmt: skip

    def ingest_outcomes(
        self, file: Path | str, *, preset: str | None = None, mapping: Path | None = None, now: datetime | None = None
    ) -> ImportCounts:
        """Read sales feedback into the ledger."""
        return self.ingest("outcomes", Path(file), now=now or self.clock(), preset=preset, mapping=mapping)

    def quarantined(
        self, limit: int | None = None, *, status: str | None = "open", reason: str | None = None,
        kind: str | None = None,
    ) -> tuple[Quarantined, ...]:  # fmt: skip
        """The quarantined rows, newest first; `status` is open, fixed, released, discarded, or None for all."""
        return self.reading.quarantine.list(limit=limit, status=status, reason=reason, kind=kind)

    def ties(self) -> Ties:
        """The outcomes that have come to belong to several leads since they were read, and count for none."""
        return self.reading.ties()

    def quarantined_row(self, row_id: int) -> Quarantined:
        """One quarantined row, whole."""
        return self.reading.quarantine.get(row_id)

    def quarantine_steps(self, row_id: int) -> tuple[QuarantineStep, ...]:
        """What was done about a quarantined row, by whom and why."""
        return self.reading.quarantine.steps(row_id)

    def fix(
        self,
        row_id: int,
        file: Path,
        *,
        by: str,
        because: str = "",
        preset: str | None = None,
        mapping: Path | None = None,
        now: datetime | None = None,
    ) -> Settled:
        """Read an edited row in the place of a quarantined one; it becomes a fact, or says why not and stays open."""
        from mqlab.lab.quarantine import fix

        at = now or self.clock()
        return fix(self, row_id, file, by=by, because=because, now=at, preset=preset, mapping=mapping)

    def release(
        self,
        row_ids: Sequence[int] = (),
        *,
        by: str,
        because: str = "",
        everything: bool = False,
        reason: str | None = None,
        kind: str | None = None,
        preset: str | None = None,
        mapping: Path | None = None,
        snapshot_at: datetime | None = None,
        now: datetime | None = None,
    ) -> tuple[Settled, ...]:
        """Read quarantined rows again as they are: those named, or every open one (of a reason, of a kind)."""
        from mqlab.lab.quarantine import release_ids, release_open

        how: dict[str, Any] = {
            "by": by, "because": because, "now": now or self.clock(), "preset": preset, "mapping": mapping,
            "snapshot_at": snapshot_at,
        }  # fmt: skip
        if everything or reason or kind:
            return release_open(self, reason=reason, kind=kind, **how)
        return release_ids(self, row_ids, **how)

    def discard(
        self,
        row_ids: Sequence[int],
        *,
        by: str,
        because: str,
        mapping: Path | None = None,
        now: datetime | None = None,
    ) -> tuple[Settled, ...]:
        """Set quarantined rows aside for good, with a reason."""
        from mqlab.lab.quarantine import discard

        return discard(self, row_ids, by=by, because=because, now=now or self.clock(), mapping=mapping)

    def export(
        self,
        what: str,
        file: Path,
        *,
        experiment: str | None = None,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        upsert: str | None = None,
        overwrite: bool = False,
        progress: Progress = silent,
    ) -> Exported:
        """Write assignments, decisions or outcomes as Parquet or CSV, or decisions as a CRM's upsert file."""
        from mqlab.lab.export import export

        return export(
            self, what, file, experiment=experiment, as_of=self._instant(as_of), position=ledger, upsert=upsert,
            overwrite=overwrite, progress=progress,
        )  # fmt: skip

    def forget(self, lead: str, *, by: str, because: str = "", now: datetime | None = None) -> Forgot:
        """Take everything personal of a lead out of the ledger, for good; anonymous counts stay."""
        from mqlab.lab.forget import forget

        return forget(self, lead, by=by, because=because, now=now or self.clock())

    def doctor(self, *, deep: bool = False, now: datetime | None = None) -> Examination:
        """Look at everything the lab rests on; nothing is written. `lab.doctor.examine` takes a broken lab too."""
        from mqlab.lab.doctor import examine

        return examine(self.folder, now=now or self.clock(), deep=deep)

    def backup(self, file: Path, *, overwrite: bool = False, progress: Progress = silent) -> Copy:
        """Copy the SQLite ledger into one file while others may write to it."""
        from mqlab.lab.backup import back_up

        return back_up(self, file, overwrite=overwrite, progress=progress)

    def restore(
        self, file: Path, *, by: str, overwrite: bool = False, now: datetime | None = None
    ) -> tuple[Copy, Path | None]:
        """Put a copy in the place of the ledger; returns it, and where the ledger as it was lies now."""
        from mqlab.lab.backup import restore

        return restore(self, file, by=by, overwrite=overwrite, now=now or self.clock())

    def analyze(
        self,
        experiment: str,
        *,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        progress: Progress = silent,
    ) -> Analysis:
        """The numbers, the checks and the verdict, from what the business knew at `as_of`."""
        from mqlab.lab.analyze import analyze

        return analyze(self, experiment, as_of=self._instant(as_of), position=ledger, progress=progress)

    def report_experiment(
        self,
        experiment: str,
        *,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        formats: Sequence[ReportFormat | str] = (),
        out: Path | None = None,
        overwrite: bool = False,
        progress: Progress = silent,
    ) -> tuple[Path, ...]:
        """Write an experiment's report, in the format of `out`, else as HTML, or in several; returns the files' paths.

        Beside each file stands its manifest, from which `verify` makes the report again.
        """
        from mqlab.lab.report import report_experiment
        from mqlab.reports.formats import ReportFormat

        return report_experiment(
            self,
            experiment,
            as_of=self._instant(as_of),
            position=ledger,
            formats=[ReportFormat(name) for name in formats],
            out=out,
            overwrite=overwrite,
            progress=progress,
        )

    def verify(self, file: Path, *, progress: Progress = silent) -> Verified:
        """Make a report again from its manifest and say whether its numbers, and the file, hold."""
        from mqlab.lab.verify import verify

        return verify(self, file, progress=progress)

    def write_report(self, analysis: Analysis, *, out: Path | None = None, overwrite: bool = False) -> Path:
        """Write the report of an analysis that was made already."""
        from mqlab.lab.report import write_report

        return write_report(self, analysis, out=out, overwrite=overwrite)

    def feedback(
        self,
        month: str,
        *,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        show_arms: bool = False,
        progress: Progress = silent,
    ) -> FeedbackReport:
        """What sales said in a month such as 2026-07: rejections, promises kept, answers, leads to talk about."""
        from mqlab.lab.feedback import report_feedback

        at = self._instant(as_of)
        return report_feedback(self, month, as_of=at, position=ledger, show_arms=show_arms, progress=progress)

    def report_feedback(
        self,
        month: str,
        *,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        show_arms: bool = False,
        formats: Sequence[ReportFormat | str] = (),
        out: Path | None = None,
        overwrite: bool = False,
        progress: Progress = silent,
    ) -> tuple[Path, ...]:
        """Write the feedback pack of a month, in the format of `out`, else as HTML, or in several."""
        from mqlab.lab.feedback_report import write_feedback
        from mqlab.reports.formats import ReportFormat

        return write_feedback(
            self, month, as_of=self._instant(as_of), position=ledger, show_arms=show_arms,
            formats=[ReportFormat(one) for one in formats], out=out, overwrite=overwrite, progress=progress,
        )  # fmt: skip

    def quarter(
        self,
        name: str,
        *,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        sql_within_days: int = 60,
        won_within_days: int = 180,
        progress: Progress = silent,
    ) -> QuarterReport:
        """The review of a fiscal quarter such as 2026Q3; writes nothing and takes no look."""
        from mqlab.analysis.quarter.cohort import Horizons
        from mqlab.lab.quarter_report import report_quarter

        return report_quarter(
            self, name, as_of=self._instant(as_of), position=ledger,
            horizons=Horizons(sql_within_days, won_within_days), progress=progress,
        )  # fmt: skip

    def report_quarter(
        self,
        name: str,
        *,
        as_of: datetime | date | None = None,
        ledger: int | None = None,
        sql_within_days: int = 60,
        won_within_days: int = 180,
        formats: Sequence[ReportFormat | str] = (),
        out: Path | None = None,
        overwrite: bool = False,
        progress: Progress = silent,
    ) -> tuple[Path, ...]:
        """Write the review of a fiscal quarter, in the format of `out`, else as HTML, or in several."""
        from mqlab.analysis.quarter.cohort import Horizons
        from mqlab.lab.quarter_report import write_quarter
        from mqlab.reports.formats import ReportFormat

        return write_quarter(
            self, name, as_of=self._instant(as_of), position=ledger,
            horizons=Horizons(sql_within_days, won_within_days),
            formats=[ReportFormat(one) for one in formats], out=out, overwrite=overwrite, progress=progress,
        )  # fmt: skip

    def experiment_rows(self, at: datetime) -> list[dict[str, Any]]:
        """One row per experiment."""
        from mqlab.lab.standing import rows

        return rows(self, at)

    def show_experiment(self, experiment: str, at: datetime) -> dict[str, Any]:
        """A protocol and its state."""
        from mqlab.lab.standing import show

        return show(self, experiment, at)

    def start(self, experiment: str, *, by: str, at: datetime) -> dict[str, Any]:
        """Start an experiment."""
        from mqlab.lab.experiments import start

        return start(self, experiment, by=by, at=at)

    def ramp(self, experiment: str, *, coverage: str, start: datetime, by: str, at: datetime) -> dict[str, Any]:
        """Raise an experiment's coverage."""
        from mqlab.lab.experiments import ramp

        return ramp(self, experiment, coverage=coverage, start=start, by=by, at=at)

    def plan(
        self,
        experiment: str,
        *,
        stated: Stated | None = None,
        as_of: datetime | date | None = None,
        by: date | None = None,
        use_history: bool = True,
        progress: Progress = silent,
    ) -> Planned:
        """What an experiment needs and can see, with all leads and with those on which the definitions differ."""
        from mqlab.analysis.planning.assumed import Stated
        from mqlab.lab.plan import plan

        return plan(
            self, experiment, stated=stated or Stated(), as_of=self._instant(as_of), by=by,
            use_history=use_history, progress=progress,
        )  # fmt: skip

    def status(self, experiment: str | None, at: datetime) -> list[dict[str, Any]]:
        """Where experiments stand."""
        from mqlab.lab.standing import status

        return status(self, experiment, at)

    def stop(self, experiment: str, *, by: str, because: str, at: datetime) -> dict[str, Any]:
        """Stop an experiment without a decision."""
        from mqlab.lab.experiments import stop

        return stop(self, experiment, by=by, because=because, at=at)

    def decide_experiment(
        self,
        experiment: str,
        *,
        call: str,
        by: str,
        because: str,
        at: datetime,
        start: datetime | None = None,
        arm: str | None = None,
        holdout: str | None = None,
        progress: Progress = silent,
    ) -> dict[str, Any]:
        """Close an experiment and put its winner in force."""
        from mqlab.lab.conclude import conclude

        return conclude(
            self, experiment, call=call, by=by, because=because, at=at, start=start, arm=arm, holdout=holdout,
            progress=progress,
        )  # fmt: skip

    def why(self, lead: str, *, experiment: str | None, as_of: datetime) -> Why:
        """One lead's timeline, and how each definition judges it."""
        from mqlab.lab.why import why

        return why(self, lead, experiment=experiment, as_of=as_of)
