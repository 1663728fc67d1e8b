"""`mqlab experiments plan`: how many leads, until when, and what can be seen by a date."""

from __future__ import annotations

import re
import sys
from datetime import date
from typing import Annotated

import typer

from mqlab.cli import output
from mqlab.cli.options import DATE, ExperimentArgument, Format, FormatOption, LabOption, instant_or_now
from mqlab.errors import InputError

_FRACTION = re.compile(r"[-+]?([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?%?")


def register(app: typer.Typer) -> None:
    """Add the command to the experiments."""
    app.command("plan")(plan)


def _option(name: str, text: str) -> typer.models.OptionInfo:
    return typer.Option(name, help=text, show_default=False)  # type: ignore[no-any-return]


def plan(
    experiment: ExperimentArgument,
    rate: Annotated[
        list[str] | None,
        _option("--rate", "A metric's rate today, such as sql_per_lead=8%. May be repeated. Default: the lab's own."),
    ] = None,
    lift: Annotated[
        str | None, _option("--lift", "The relative lift to find. Default: the experiment's minimum effect.")
    ] = None,
    precision_lift: Annotated[
        str | None, _option("--precision-lift", "For an efficiency experiment: the precision lift to find.")
    ] = None,
    leads_per_day: Annotated[
        float | None, _option("--leads-per-day", "Leads that arrive a day, before coverage and the layer's slice.")
    ] = None,
    discordant_share: Annotated[
        str | None, _option("--discordant-share", "Share of leads on which the definitions differ, such as 9%.")
    ] = None,
    discordant_rates: Annotated[
        str | None,
        _option(
            "--discordant-rates", "The primary's rates there, control then challenger: 12%,18%. Instead of --lift."
        ),
    ] = None,
    power: Annotated[str | None, _option("--power", "The chance to find it. Default: 80%.")] = None,
    icc: Annotated[float | None, _option("--icc", "How alike leads of one account are, 0 to 1.")] = None,
    leads_per_account: Annotated[
        float | None, _option("--leads-per-account", "Leads of an account, on average.")
    ] = None,
    account_cv: Annotated[
        float | None, _option("--account-cv", "Variation of leads per account: standard deviation over mean.")
    ] = None,
    delay: Annotated[
        str | None, _option("--delay", "How late the primary comes: its median in days, or a file of lines day,share.")
    ] = None,
    by: Annotated[
        str | None, _option("--by", "A date: the smallest lift that can be found by then. Default: the last look.")
    ] = None,
    as_of: Annotated[str | None, _option("--as-of", "Which past to learn from. Default: now.")] = None,
    no_history: Annotated[
        bool, typer.Option("--no-history", help="Leave the ledger alone: only what is stated, and defaults.")
    ] = False,
    lab: LabOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """How many leads it takes, until when, and the smallest lift that can be found by a date.

    With all leads, and with those on which the definitions differ, side by side. What is not stated comes from the
    lab's own history, else from defaults; every assumption is printed with its origin.

    Example: `mqlab experiments plan 2026q3-intent --lift 10% --leads-per-day 200 --by 2026-12-31`
    """
    from mqlab.analysis.planning.assumed import Stated
    from mqlab.lab import Lab
    from mqlab.lab.plan import plan as plan_experiment
    from mqlab.lab.plan import with_delay

    stated = Stated(
        rates=_rates(rate or ()),
        lift=_fraction(lift, "--lift"),
        precision_lift=_fraction(precision_lift, "--precision-lift"),
        leads_per_day=leads_per_day,
        discordant_share=_fraction(discordant_share, "--discordant-share"),
        discordant_rates=_two_rates(discordant_rates),
        power=_fraction(power, "--power"),
        icc=icc,
        leads_per_account=leads_per_account,
        account_cv=account_cv,
    )
    opened = Lab.open(lab)
    at = instant_or_now(as_of, opened.settings.zone, option="--as-of")
    with output.progress() as progress:
        found = plan_experiment(
            opened,
            experiment,
            stated=with_delay(stated, delay),
            as_of=at,
            by=_date(by),
            use_history=not no_history,
            progress=progress,
        )
    if output_format is Format.JSON:
        sys.stdout.write(output.json_text(found.to_dict()) + "\n")
    else:
        sys.stdout.write(found.text(plain=not _can_draw()))


def _rates(given: list[str] | tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--rate '{text}' names no rate.", code="BadRate", hint="Such as --rate sql_per_lead=8%.")
        if name.strip() in found:
            raise InputError(f"--rate {name.strip()} is stated twice.", code="BadRate", hint="State it once.")
        rate = _fraction(value, f"--rate {name.strip()}")
        assert rate is not None
        found[name.strip()] = rate
    return found


def _two_rates(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2:
        message = f"--discordant-rates '{text}' is not two rates."
        raise InputError(message, code="BadRate", hint="The control's, then the challenger's, such as 12%,18%.")
    before, after = (_fraction(part, "--discordant-rates") for part in parts)
    assert before is not None and after is not None
    return before, after


def _fraction(text: str | None, option: str) -> float | None:
    """`8%` or `0.08`; a number from 1 on without the sign could be meant either way."""
    if text is None:
        return None
    shown = text.strip()
    if not _FRACTION.fullmatch(shown):
        raise InputError(f"{option} '{text}' is not a percentage.", code="BadPercentage", hint="Write it as 8%.")
    if shown.endswith("%"):
        return float(shown.removesuffix("%")) / 100
    value = float(shown)
    if abs(value) >= 1:
        raise InputError(f"{option} '{text}' has no % sign.", code="BadPercentage", hint=f"Write it as {shown}%.")
    return value


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 30 February: told like any other text that is no date
    raise InputError(f"--by '{text}' is no date.", code="BadDate", hint="Write 2026-12-31.")


def _can_draw() -> bool:
    """Whether what is printed to can show more than ASCII."""
    try:
        "○●◉·│−–".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
