"""The report of an experiment: what it says, in which order, and that its page holds what the analysis says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mqlab.analysis.result_rows import ArmValue
from mqlab.analysis.results import AnalysisResult, Check, Condition, VerdictResult
from mqlab.experiments.protocol import Arm
from mqlab.reports import format as fmt
from mqlab.reports.answer import answer
from mqlab.reports.document import Answer, Chart, Column, Document, Section, Table, Text
from mqlab.reports.experiment import build
from mqlab.reports.html import render
from mqlab.reports.numbers import numbers
from mqlab.reports.rows import Rows, shown, shown_change
from mqlab.reports.sentences import causal_sentence, disagreement, list_sentence, precision_row, volume
from mqlab.reports.validity import checks
from mqlab.stats.estimate import Estimate, Interval, NotEstimable, implied_z
from tests.reports import samples
from tests.reports.samples import HOSTILE, document, hostile, protocol, ship, trap


class Page(HTMLParser):
    """What a reader and a browser find on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: dict[str, list[str]] = {}
        self.words = ""
        self._source: str | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.stack.append(tag)
        if tag in ("td", "th"):
            self._source = found.get("data-source")
            if self._source:
                self.cells.setdefault(self._source, []).append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._source = None
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if self.stack and self.stack[-1] not in ("style", "title"):
            self.words += data
        if self._source:
            self.cells[self._source][-1] += data

    def ids(self) -> list[str]:
        return [found["id"] for _, found in self.tags if found.get("id")]


def page(result: AnalysisResult, **more) -> Page:
    return Page(render(document(result, **more)))


def expected(result: AnalysisResult) -> dict[str, str]:
    """Every number of the analysis that has a place on the page, formatted, by its place in the JSON."""
    found: dict[str, str] = {}
    for k, row in enumerate(result.metrics):
        for side in ("control", "treatment"):
            value = getattr(row, side).value
            if not isinstance(value, NotEstimable):
                found[f"/metrics/{k}/{side}/value"] = shown(row)(value)
        if isinstance(row.absolute, Estimate) and row.segment is None:
            found[f"/metrics/{k}/absolute"] = fmt.estimate(row.absolute, shown_change(row))
        if isinstance(row.relative, Estimate):
            found[f"/metrics/{k}/relative"] = fmt.estimate(row.relative, fmt.change)
        if isinstance(row.p_value, float) and row.role != "guardrail":
            found[f"/metrics/{k}/p_value"] = fmt.p_value(row.p_value)
    for k, check in enumerate(result.checks):
        if check.p_value is not None:
            found[f"/checks/{k}/p_value"] = fmt.p_value(check.p_value)
    for k, row in enumerate(result.strata):
        for side in ("control", "treatment"):
            found[f"/strata/{k}/{side}/units"] = fmt.count(getattr(row, f"{side}_units"))
            found[f"/strata/{k}/{side}/x"] = fmt.count(getattr(row, f"{side}_x"))
    for k, row in enumerate(result.leak):
        found |= {f"/leak/{k}/leads": fmt.count(row.leads), f"/leak/{k}/sqls": fmt.count(row.sqls)}
        if isinstance(row.rate, float) and isinstance(row.per_1000, float):
            found |= {
                f"/leak/{k}/rate": fmt.rate(row.rate),
                f"/leak/{k}/per_1000": fmt.per_thousand(row.per_1000 / 1000),
            }
    found |= {
        f"/mix/{k}/share": fmt.rate(row.share) for k, row in enumerate(result.mix) if isinstance(row.share, float)
    }
    found |= {f"/excluded/{name}": fmt.count(number) for name, number in result.excluded.items()}
    found |= more(result)
    found |= {source: text for source, text in sold(result).items() if text}
    return found


def sold(result: AnalysisResult) -> dict[str, str | None]:
    """The boundary of this look, promises of sales, and the ways of leads."""

    def written(value, shown):
        return shown(value) if isinstance(value, int | float) else None

    found = {}
    for k, row in enumerate(result.metrics):
        if row.primary and row.look is not None:
            found[f"/metrics/{k}/look/information"] = fmt.rate(row.look.information)
            found[f"/metrics/{k}/look/bound"] = fmt.bound(row.look.bound)
            found[f"/metrics/{k}/look/z"] = fmt.change_of_number(implied_z(row.absolute, row.look.bound))
    for k, row in enumerate(result.promises):
        found |= {f"/promises/{k}/handed_over": fmt.count(row.handed), f"/promises/{k}/due": fmt.count(row.due)}
        found |= {
            f"/promises/{k}/share": written(row.share, fmt.rate),
            f"/promises/{k}/median_hours": written(row.median_hours, fmt.number),
            f"/promises/{k}/ninth_decile_hours": written(row.ninth_decile_hours, fmt.number),
        }
    for k, row in enumerate(result.flow):
        found |= {f"/flow/{k}/leads": fmt.count(row.leads), f"/flow/{k}/sqls": fmt.count(row.sqls)}
        found |= {
            f"/flow/{k}/share": written(row.share, fmt.rate),
            f"/flow/{k}/rate": written(row.rate, fmt.rate),
            f"/flow/{k}/handed_again": written(row.handed_again, fmt.count),
        }
    return found


def more(result: AnalysisResult) -> dict[str, str]:
    """Leads on which the definitions part, strata as a picture, and the live readings."""
    found = {f"/strata/{k}/share": fmt.rate(row.share) for k, row in enumerate(result.strata) if row.share is not None}
    for k, row in enumerate(result.marginal):
        limits = row.interval
        assert isinstance(row.rate_control, float) and isinstance(row.rate_treatment, float) and limits is not None
        told = fmt.interval(Interval(limits.low / 1000, limits.high / 1000), fmt.change_per_thousand)
        found |= {
            f"/marginal/{k}/leads_per_1000": fmt.per_thousand(row.leads_per_1000 / 1000),
            f"/marginal/{k}/rate_control": fmt.rate(row.rate_control),
            f"/marginal/{k}/rate_treatment": fmt.rate(row.rate_treatment),
            f"/marginal/{k}/outcomes_per_1000": f"{fmt.change_per_thousand(row.outcomes_per_1000 / 1000)} ({told})",
        }
    for k, row in enumerate(result.funnel):
        if row.stage != "assigned":
            found[f"/funnel/{k}/rate"] = fmt.per_thousand(row.count / row.units)
    for k, row in enumerate(result.mix):
        if row.answer == "rejected":
            whole = sum(one.count for one in result.mix if (one.arm, one.answer) == (row.arm, "rejected"))
            share = f"{fmt.rate(row.count / whole)} ({row.count} of {whole})"
            found[f"/mix/{k}/of_rejected"] = share
    for k, way in enumerate(result.curves):
        for j, step in enumerate(way.steps):
            limits = fmt.interval(step.interval, fmt.per_thousand)
            found[f"/curves/{k}/days/{j}"] = f"{fmt.per_thousand(step.rate)} ({limits})"
    for k, row in enumerate(result.metrics):
        if row.always_valid is not None:
            found |= {
                f"/metrics/{k}/always_valid/relative": fmt.estimate(row.always_valid.relative, fmt.change),
                f"/metrics/{k}/always_valid/p_value": fmt.p_value(row.always_valid.p_value),
                f"/metrics/{k}/reading/lift": "+6.2% (+0.2% to +12.4%)",
                f"/metrics/{k}/reading/probability_better": fmt.probability(row.reading.probability_better),
            }
    return found


@pytest.mark.parametrize("result", [ship(), trap()], ids=["ship", "trap"])
def test_every_number_on_the_page_is_the_formatted_number_of_the_analysis(result):
    """Each marked cell holds exactly the analysis' number, formatted, and no number of the analysis is missing.

    Numbers read from a sample, under `/explored`, are no part of the analysis; `test_formats` compares them.
    """
    cells = page(result).cells
    analysed = {source: set(texts) for source, texts in cells.items() if not source.startswith("/explored/")}

    assert analysed == {source: {text} for source, text in expected(result).items()}
    assert len(cells) > len(analysed)


def test_every_number_of_this_look_says_where_it_stands_in_the_json():
    """Each number, those of pictures too, has a pointer to its very value; only earlier looks have no place there."""
    made = document(ship())
    whole = json.loads(json.dumps({**ship().to_dict(), **made.beside}))

    for one in numbers(made):
        if one.cell.source is None:
            assert one.row.startswith("1 Oct 2026"), one.words
            continue
        value = whole
        for key in one.cell.source.split("/")[1:]:
            value = value[int(key)] if isinstance(value, list) else value[key]
        if isinstance(value, int | float) and one.number.kind in ("rate", "number", "change_of_number", "per_thousand"):
            assert one.number.value in (pytest.approx(value), pytest.approx(value / 1000)), one.words


def test_the_page_is_the_same_bytes_each_time():
    """Two renderings of equal inputs are equal to the byte, chart ids included."""
    assert render(document(ship())) == render(document(ship()))


def test_the_page_needs_no_network_and_no_script():
    """No address is loaded: http stands only in xmlns; no script, link, import, external url or event handler."""
    text = render(document(ship()))
    addresses = re.findall(r'(\S*)="(?:https?:)?//[^"]*"', text)

    assert set(addresses) <= {"xmlns", "xmlns:xlink"}
    assert not re.search(r"@import|url\((?!#)", text)
    assert not {"script", "link", "iframe", "img", "object", "embed"} & {tag for tag, _ in Page(text).tags}
    assert not [name for _, found in Page(text).tags for name in found if name.startswith("on")]
    assert "default-src 'none'" in text


def test_every_text_of_a_user_is_escaped():
    """A title, arm, note, reason or check that is markup stays text, in sentences, tables, attributes and charts."""
    told = {"fit@1.4.0": (samples.Told(HOSTILE, HOSTILE, (HOSTILE,)),), "intent@1.1.0": (HOSTILE,)}
    changed = {HOSTILE: (samples.Changed(HOSTILE, HOSTILE, HOSTILE),)}
    found = page(hostile(), descriptions=told, changes=changed, manifest=((HOSTILE, HOSTILE),))

    assert "script" not in {tag for tag, _ in found.tags}
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert found.words.count(HOSTILE) > 20


def test_ids_are_unique_and_links_lead_somewhere():
    """No id stands twice, charts included; every link of the contents has its section."""
    found = page(ship())
    links = [attributes["href"][1:] for tag, attributes in found.tags if tag == "a"]

    assert len(found.ids()) == len(set(found.ids()))
    assert set(links) <= set(found.ids())
    assert len(links) > 8


def test_the_page_can_be_read_without_seeing_it():
    """Language, one h1, captions, scopes, chart alternatives with their numbers, and tables reachable by keyboard."""
    found = page(ship())
    tags = [tag for tag, _ in found.tags]
    heads = [attributes for tag, attributes in found.tags if tag == "th"]
    pictures = [attributes for _, attributes in found.tags if attributes.get("class") == "picture"]
    regions = [attributes for _, attributes in found.tags if attributes.get("class") == "scroll"]
    charts = [b for section in document(ship()).sections for b in section.blocks if isinstance(b, Chart)]

    assert ("html", {"lang": "en"}) in found.tags
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table") == len(regions)
    assert {head["scope"] for head in heads} == {"col", "row"}
    assert [picture["role"] for picture in pictures] == ["img"] * len(charts)
    assert all(len(picture["aria-label"] or "") > 40 for picture in pictures)
    assert all(region["tabindex"] == "0" and region["aria-labelledby"] in found.ids() for region in regions)
    assert tags.count("details") == len(charts) + 3


def test_the_sections_stand_in_the_fixed_order():
    """Answer, what is compared, protocol, effect, list, leads gained, price, guardrails, checks, verdict, the rest."""
    ids = [section.id for section in document(ship()).sections]

    assert ids == [
        "answer", "compared", "protocol", "ladder", "list", "gained", "price", "guardrails", "checks", "verdict",
        "looks", "curves", "sales", "live", "segments", "scores", "signals", "signatures", "left-out", "methods",
    ]  # fmt: skip


def test_what_cannot_be_estimated_shows_its_reason():
    """A metric without a number keeps its row and says why, once."""
    table = block(document(ship()), "effort-1")
    effort = next(row for row in table.rows if row[0].text.startswith("Effort"))

    assert [cell.text for cell in effort[2:]] == ["No touches or meetings were imported", "–", "–", "–", "–"]
    assert "No touches or meetings were imported" in page(ship()).words


def block(found: Document, id: str) -> Table:
    return next(b for s in found.sections for b in s.blocks if isinstance(b, Table) and b.id == id)


ALL_FOLLOWED = "4,000 leads are in current and 4,000 in challenger, all followed for 60 days."


@pytest.mark.parametrize(
    ("units", "followed", "told"),
    [
        ((4_000, 3_900), (2_000, 1_950), "2,000 and 1,950 of them followed for 60 days."),
        ((4_000, 3_900), (0, 0), "none of them followed for 60 days yet."),
        ((3, 4), (3, 4), "With fewer than 30 followed leads in an arm, these numbers are mostly chance."),
        ((1, 2), (1, 2), "1 lead is in current and 2 in challenger, all followed for 60 days."),
    ],
)
def test_the_answer_says_how_many_leads_each_arm_has(units, followed, told):
    """Leads and followed leads of both arms stand below the answer, and arms too small to read are called that."""
    sides = [ArmValue(*pair, 0.1) for pair in zip(units, followed, strict=True)]
    rows = tuple(replace(row, control=sides[0], treatment=sides[1]) if row.primary else row for row in ship().metrics)
    verdicts = {"challenger": VerdictResult("inconclusive", ("sql_per_lead cannot be estimated",))}
    found = answer(replace(ship(), metrics=rows, verdicts=verdicts), protocol(), "challenger")

    assert told in found.also[0]
    assert (found.sentence == "Nothing can be read about challenger yet: the arms are too small.") is (
        min(followed) < 30
    )


@pytest.mark.parametrize(
    ("units", "answered", "told"),
    [
        ((0, 0), "nobody is in current or in challenger", "Nobody is in current or in challenger."),
        (
            (40, 0),
            "nobody is in challenger",
            "40 leads are in current and none in challenger, all followed for 60 days.",
        ),
    ],
)
def test_an_arm_that_nobody_is_in_is_no_small_arm(units, answered, told):
    """An empty arm is called empty by its name, and nobody of nobody was followed."""
    sides = [ArmValue(count, count, 0.1) for count in units]
    rows = tuple(replace(row, control=sides[0], treatment=sides[1]) if row.primary else row for row in ship().metrics)
    verdicts = {"challenger": VerdictResult("inconclusive", ("sql_per_lead cannot be estimated",))}
    found = answer(replace(ship(), metrics=rows, verdicts=verdicts), protocol(), "challenger")

    assert found.sentence == f"Nothing can be read about challenger yet: {answered}."
    assert found.also[0].startswith(told)


def test_the_answer_is_one_sentence_out_of_a_thousand_leads():
    """Ship and harm say what the same leads bring, both values and the change with its interval."""
    assert answer(ship(), protocol(), "challenger").sentence == (
        "Under challenger, the same leads bring more SQLs: out of 1,000 assigned, 84.8 SQLs instead of 78.7, "
        "a change of +7.7% (95% interval +1.3% to +14.6%)."
    )
    assert answer(trap(), protocol(), "challenger").sentence == (
        "Under challenger, the same leads bring fewer SQLs: out of 1,000 assigned, 71.2 SQLs instead of 78.7, "
        "a change of −9.5% (95% interval −14.8% to −4.0%)."
    )


def test_a_cleaner_list_that_brings_less_is_called_that():
    """Where list and effect disagree the page says so, and what MQL→SQL alone would have concluded."""
    found = answer(trap(), protocol(), "challenger")

    assert found.also == (
        ALL_FOLLOWED,
        "challenger's list is cleaner but the same leads produced fewer SQLs.",
        "Read alone, “SQLs per MQL” is up (p < 0.001) and would have shipped it.",
    )
    assert disagreement(ship(), "challenger") == ""
    assert page(trap()).words.count(found.also[1]) == 2


def test_a_dirtier_list_that_brings_more_is_called_that():
    """The opposite disagreement has its sentence too, and a hasty reading would have thrown the arm out."""
    turned = tuple(
        replace(row, relative=Estimate(-0.2, Interval(-0.3, -0.1))) if row.metric == "sql_per_mql" else row
        for row in ship().metrics
    )
    found = answer(replace(ship(), metrics=turned), protocol(), "challenger")

    assert found.also[1] == "challenger's list is less clean but the same leads produced more SQLs."
    assert "would have thrown it out" in found.also[2]


def test_an_early_stop_may_be_optimistic_and_a_price_is_told():
    """A verdict before the planned end is marked, with what to do now; the break-even price is part of the answer."""
    assert answer(ship(), protocol(), "challenger").also == (
        ALL_FOLLOWED,
        "The experiment was read before its planned end, at 81% of the information, so the estimate may be optimistic: "
        "effects that cross this early are overstated by about a tenth on average. Stop enrolling, follow the leads "
        "already in to their horizon and publish the final number too; it does not undo the decision.",
        "Worth it while a hand-over costs sales less than EUR 212.",
    )


@pytest.mark.parametrize(
    ("call", "beginning"),
    [
        ("keep", "Under challenger, a gain worth a change is ruled out: out of 1,000"),
        ("inconclusive", "The data do not decide about challenger yet: out of 1,000"),
        ("blocked", "A validity check failed, so there is no verdict on challenger: SQLs per assigned lead is odd."),
        ("not_due", "It is too early to judge challenger: SQLs per assigned lead is odd."),
    ],
)
def test_every_call_has_its_sentence(call, beginning):
    """Keep, inconclusive, blocked and not due are told in plain words; blocked and not due show no number."""
    result = replace(ship(), verdicts={"challenger": VerdictResult(call, ("sql_per_lead is odd",))})
    found = answer(result, protocol(), "challenger")

    assert found.sentence.startswith(beginning)
    assert ("84.8" in found.sentence) is (call in ("keep", "inconclusive"))


def test_an_efficiency_ship_speaks_of_the_list():
    """A stricter rule that ships is told as a better list within the margin."""
    plan = replace(protocol(), aim="efficiency")

    assert answer(ship(), plan, "challenger").sentence.startswith(
        "Under challenger, sales gets a better list and SQLs stay within the margin: out of 1,000 assigned"
    )


def test_harm_by_a_guardrail_does_not_blame_the_primary():
    """If the primary shows nothing the sentence says that something else got worse."""
    rows = tuple(
        replace(row, relative=Estimate(0.01, Interval(-0.1, 0.1))) if row.primary else row for row in ship().metrics
    )
    result = replace(ship(), metrics=rows, verdicts={"challenger": VerdictResult("harm", ("won_per_lead is worse",))})

    assert answer(result, protocol(), "challenger").sentence.startswith(
        "Under challenger, something got worse that must not: out of 1,000 assigned"
    )


def test_a_verdict_without_its_row_or_its_number_still_says_why():
    """No deciding row, or one without numbers, gives the reason in place of numbers."""
    bare = replace(ship(), metrics=(), verdicts={"challenger": VerdictResult("inconclusive", ())})
    missing = NotEstimable("no_units", "An arm has no leads.")
    row = Rows(ship()).primary("challenger")
    assert row is not None
    empty = replace(row, control=replace(row.control, value=missing), relative=missing)

    assert answer(bare, protocol(), "challenger").sentence == (
        "The data do not decide about challenger yet: the analysis names no row that decides."
    )
    assert causal_sentence(ship(), empty) == ("SQLs per assigned lead cannot be compared yet: An arm has no leads.")
    assert page(bare).words


def test_precision_never_stands_without_volume():
    """The list's sentence holds precision and MQLs per 1,000; without the metric the funnel tells the volume."""
    rows = tuple(row for row in ship().metrics if row.metric != "mql_per_lead")
    told = list_sentence(ship(), "challenger")

    assert told == (
        "Of the MQLs handed to sales, 28.0% under current and 29.2% under challenger count as SQLs; "
        "precision +4.2% (−0.1% to +8.8%); volume 250.8 and 250.4 MQLs per 1,000 leads."
    )
    assert volume(replace(ship(), metrics=rows), "challenger") == ("250.8", "250.3")
    assert volume(replace(ship(), metrics=rows, funnel=()), "challenger") is None
    assert "volume unknown" in list_sentence(replace(ship(), metrics=rows, funnel=()), "challenger")


def test_a_list_that_cannot_be_judged_says_why():
    """Without a precision metric there is no sentence; without its number there is the reason."""
    rows = tuple(row for row in ship().metrics if row.metric != "sql_per_mql")
    none = NotEstimable("no_mqls", "A definition has handed over no lead yet.")
    gone = tuple(
        replace(row, control=replace(row.control, value=none)) if row.metric == "sql_per_mql" else row
        for row in ship().metrics
    )

    assert precision_row(replace(ship(), metrics=rows), "challenger") is None
    assert list_sentence(replace(ship(), metrics=rows), "challenger") == ""
    assert list_sentence(replace(ship(), metrics=gone), "challenger").endswith(
        "cannot be compared yet: A definition has handed over no lead yet."
    )


def test_the_definitions_are_told_and_their_differences_listed():
    """Each arm's card has the definition in words, the diff its lines; equal definitions are called equal."""
    words = page(ship()).words

    assert "Who qualifies: A lead is an MQL when its fit is at least 40." in words
    assert "Who qualifies: a demo request is enough now." in words
    assert "moves leads" in words
    assert "mean the same" in page(ship(), changes={"challenger": ()}).words
    assert "What changes from" not in page(ship(), changes={}).words
    assert "No description was given." in page(ship(), descriptions={}).words


def test_a_long_definition_is_folded_after_who_qualifies():
    """The first paragraph stands open, all others are folded away and still in the page."""
    told = {"fit@1.4.0": (samples.Told("Who", "It is fit."), samples.Told("Score", "It adds up.", ("20 points",)))}
    found = page(ship(), descriptions=told)

    assert [tag for tag, _ in found.tags].count("details") == [tag for tag, _ in page(ship()).tags].count("details") + 1
    assert "The rest of the definition" in found.words and "20 points" in found.words


def test_guardrails_show_their_margins():
    """A guardrail says how much worse it may get, and in which direction worse lies."""
    rows = block(document(ship()), "guardrails-1").rows

    assert [row[2].text for row in rows] == ["10.0% lower", "3.0 points higher"]


def test_methods_and_manifest_let_anybody_make_it_again():
    """Methods, the look, versions, fingerprints and ledger position stand at the end."""
    words = page(ship()).words

    for text in ("Welch difference, Fieller ratio.", "81.0% of the planned information", "2.21", "4711", "9f" * 32):
        assert text in words


def test_several_challengers_have_their_own_answers_and_tables():
    """Three arms: two answers, two ladders, lifts named by arm, and no id twice."""
    base = ship()
    second = tuple(replace(row, arm="bold") for row in base.metrics)
    result = replace(
        base,
        metrics=(*base.metrics, *second),
        strata=(*base.strata, *(replace(row, arm="bold") for row in base.strata)),
        verdicts={**base.verdicts, "bold": VerdictResult("keep", ("no effect",))},
    )
    plan = replace(protocol(), arms=(*protocol().arms, Arm("bold", "bold@1.0.0", protocol().arms[0].weight)))
    found = build(result, plan, descriptions={}, changes={}, timezone=samples.BERLIN)
    charts = {b.id: b for s in found.sections for b in s.blocks if isinstance(b, Chart)}

    assert [b.arm for b in found.sections[0].blocks if isinstance(b, Answer)] == ["challenger", "bold"]
    assert block(found, "ladder-2").caption == "bold against current"
    assert {row[0].text.split(":")[0] for row in charts["lifts"].numbers.rows} == {"challenger", "bold"}
    assert len(charts["overlap"].numbers.columns) == 3
    assert len(set(Page(render(found)).ids())) == len(Page(render(found)).ids())


def test_nothing_to_show_is_said_in_words():
    """An experiment without leads, metrics or guardrails still gives a whole page."""
    empty = AnalysisResult(
        experiment="e", title="", as_of=ship().as_of, ledger=0, engine="duckdb", control="current",
        checks=(Check("maturity", "not_applicable", ""),), strata=(), metrics=(),
        verdicts={"challenger": VerdictResult("not_due", ("the first look is due 2026-12-05",))},
    )  # fmt: skip
    found = page(empty)

    for text in (
        "No guardrail was declared.",
        "Nobody was left out.",
        "is not known for these leads yet",
        "2026-12-05",
    ):
        assert text in found.words


def test_a_document_refuses_ids_that_stand_twice_and_ragged_tables():
    """A mistake in building a document is found when it is built."""
    table = Table("t", "T", (Column("a"),), ())
    with pytest.raises(ValueError, match="ids stand twice in the document: t"):
        Document("d", "", (), (Section("s", "S", (table, table, Text("x"))),))
    with pytest.raises(ValueError, match="a row has 0 cells for 1 columns"):
        Table("t", "T", (Column("a"),), ((),))


def test_what_to_do_about_a_full_queue_is_said_once():
    """The check says it itself, so the advice of its condition is not added to it; other checks get theirs."""
    full = Check("capacity", "warn", "Sales worked 50% of 200 leads: give each arm a queue of its own")
    late = Check("lateness", "warn", "99% of rows were known within 40 days")
    conditions = tuple(
        Condition(name, name, advice, check) for name, advice, check in (
            ("leads_not_worked", "Give each arm a queue of its own.", "capacity"),
            ("late_feedback", "Have deals entered when they happen.", "lateness"),
        )
    )  # fmt: skip
    found = checks(replace(ship(), checks=(full, late), conditions=conditions))
    (table,) = [block for block in found.blocks if isinstance(block, Table)]

    assert [row[3].text for row in table.rows] == [
        "Sales worked 50% of 200 leads: give each arm a queue of its own.",
        "99% of rows were known within 40 days. Have deals entered when they happen.",
    ]
