"""Definitions and histories made by hypothesis: coarse times, ties, late arrivals, thresholds equal to points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from hypothesis import strategies as st

from mqlab.definitions.load import load_text
from mqlab.definitions.model import Definition
from mqlab.errors import InputError
from mqlab.leads.records import Event, FieldChange, History, Lead

HEAD = """
kind: mql-definition/v1
id: made
version: 1.0.0
timezone: America/New_York
fields:
  employees: {type: number}
  staff: {type: number, missing: {impute: 50}}
  need: {type: enum, values: {none: 0, low: 1, medium: 2, high: 3}, missing: none}
  region: {type: enum, values: [north, south]}
  opted: {type: bool}
  title: {type: string}
events:
  view: {props: {path: string, secs: number}}
  form: {props: {kind: {type: enum, values: {ebook: 1, demo: 2}}}}
  click: {props: {bot: bool}}
"""
START = datetime(2026, 3, 7, 21, 0, tzinfo=UTC)
"""The evening before clocks change in New York."""
STEP = timedelta(minutes=90)

STILL = (
    "employees >= 50", "employees + staff >= 100", "staff < 100", "need >= 'medium'", "need == 'high'", "opted",
    "not opted", "region == 'north'", "region in ['north', 'south']", "title == 'vp sales'", "has_word(title, 'vp')",
    "contains(title, 'sales') or startswith(title, 'head')", "missing(title)", "missing(region) and opted",
    "10 <= employees < 100", "log10(employees) >= 1", "source == 'ads'", "employees in [10, 50]", "need != 'none'",
    "endswith(title, 'sales') and not missing(employees)",
)  # fmt: skip
MOVING = (
    "count(view) >= 2", "count(view, within='6h') >= 2", "count(view, path == '/p') > 0", "count(view) < 3",
    "count(view, distinct='day') >= 2", "count(view, distinct='day', within='24h') >= 2", "count(form) == 1",
    "sum(view, secs) >= 30", "sum(view, secs, within='12h') > 10", "sum(view, secs, within='6h') < 0",
    "days_since(form) >= 1", "days_since(view) < 1", "days_since(view) == 1", "days_since(click, not bot) > 0",
    "not (days_since(view) >= 1)", "account.count(view, within='24h') >= 3", "account.count(form) < 2",
    "not (count(form) > 0)", "count(view) - count(form) >= 2", "min(count(view), count(click)) >= 1",
    "log1p(count(view)) * 2 > 2", "-count(view) > -2", "2 * sum(view, secs) >= 60", "count(form, kind >= 'demo') > 0",
    "count(form, kind == 'ebook') != 1", "max(count(view), 2 * count(form)) >= 4", "1 <= count(view, within='9h') < 3",
    "count(view, secs > 5) >= 1 or missing(title)", "account.count(view, distinct='day') >= 2",
    "employees * count(view) >= 100", "count(view, path == '/p') in [1, 3]",
)  # fmt: skip
CONDITIONS = st.one_of(
    st.sampled_from(MOVING),
    st.sampled_from(MOVING),
    st.sampled_from(STILL),
    st.builds("({}) and ({})".format, st.sampled_from(MOVING), st.sampled_from(STILL + MOVING)),
    st.builds("({}) or ({})".format, st.sampled_from(MOVING), st.sampled_from(STILL + MOVING)),
    st.builds("not ({})".format, st.sampled_from(STILL + MOVING)),
    st.builds("not (({}) and ({}))".format, st.sampled_from(MOVING), st.sampled_from(STILL + MOVING)),
)
WINDOWS = ("90m", "3h", "6h", "12h", "24h", "36h")


COUNTED = (
    ("view", None), ("view", "path == '/p'"), ("view", "secs >= 10"), ("form", None), ("form", "kind == 'demo'"),
    ("view", None), ("form", None), ("click", None), ("click", "not bot"),
)  # fmt: skip
DECAYS = (
    None, None, None, "{half_life: 6h}", "{half_life: 2h}", "{linear: 12h}", "{linear: 30h}",
    "{steps: [[3h, 0.5], [9h, 0.25], [24h, 0]]}",
)  # fmt: skip
GRADED = ("grade(s) >= 'B'", "not (grade(s) < 'B')", "grade(s) == 'A'")


@st.composite
def event_rules(draw: st.DrawFn, rule_id: str) -> str:
    """A rule of points per event, with any of the things such a rule may have."""
    name, where = draw(st.sampled_from(COUNTED))
    decay = draw(st.sampled_from(DECAYS))
    points = draw(st.sampled_from((5, 10, 15, 20) if decay else (-10, 5, 10, 15, 20)))
    parts = [f"id: {rule_id}", f"event: {name}", f"points: {points}"]
    if where:
        parts.append(f'where: "{where}"')
    if decay:
        parts.append(f"decay: {decay}")
    if draw(st.booleans()):
        parts.append(f"within: {draw(st.sampled_from(WINDOWS))}")
    if draw(st.booleans()):
        parts.append(f"max_count: {draw(st.integers(1, 3))}")
    if draw(st.integers(0, 2)) == 0:
        parts.append("distinct: day")
    if draw(st.integers(0, 4)) == 0:
        parts.append(f"cap: {draw(st.sampled_from((10, 15, 25)))}")
    return "{" + ", ".join(parts) + "}"


@st.composite
def rules(draw: st.DrawFn, rule_id: str) -> str:
    """Any rule."""
    points = draw(st.sampled_from((5, 10, 20, -15, -5)))
    match draw(st.integers(0, 8)):
        case 0:
            return f"{{id: {rule_id}, field: employees, bands: [[0, 50, 0], [50, 100, 10], [100, null, 20]]}}"
        case 1:
            return f"{{id: {rule_id}, field: region, map: {{north: 10, south: -5}}, default: 5}}"
        case 2:
            return f"{{id: {rule_id}, field: title, words: [[[vp, head], 15], [[sales], 5]]}}"
        case 3:
            names = draw(st.sampled_from(("view", "view, form", "click, view, form")))
            return f"{{id: {rule_id}, absence: [{names}], of: {draw(st.sampled_from(WINDOWS))}, points: {points}}}"
        case 4:
            return f'{{id: {rule_id}, when: "{draw(CONDITIONS)}", points: {points}}}'
        case _:
            return draw(event_rules(rule_id))


@st.composite
def scores(draw: st.DrawFn, name: str) -> str:
    """A score with groups, rules or weights."""
    bounds = draw(st.sampled_from(("", "    range: [-50, 100]\n", "    range: [0, 40]\n")))
    made = [
        draw(event_rules(f"{name}e")),
        *(draw(rules(f"{name}{number}")) for number in range(draw(st.integers(0, 3)))),
    ]
    shape = draw(st.integers(0 if name == "s" else 1, 3))
    if shape == 0:
        return f"  {name}:\n{bounds}    scale_to: 60\n    weights: {{need: 2, opted: 1}}\n"
    if shape == 1:
        return f"  {name}:\n{bounds}    rules:\n" + "".join(f"      - {rule}\n" for rule in made)
    limit = draw(st.sampled_from(("", "        max: 25\n", "        min: -10\n", "        max: 30\n        min: 0\n")))
    more = draw(rules(f"{name}x"))
    return (
        f"  {name}:\n{bounds}    groups:\n      one:\n{limit}        rules:\n"
        + "".join(f"          - {rule}\n" for rule in made)
        + f"      two:\n        rules:\n          - {more}\n"
    )


MATRICES = (
    "{matrix: {A: ['1', '2'], B: ['1']}}", "{matrix: {A: ['1', '2'], B: ['1', '2'], C: ['1']}}", "{matrix: {A: ['1']}}",
    "{matrix: {B: ['2'], C: ['1']}}", "{matrix: {A: ['3'], B: ['1', '2']}}",
)  # fmt: skip


@st.composite
def definition_texts(draw: st.DrawFn) -> str:
    """The YAML of a definition; some are refused by the binder, because something could rise between candidates."""
    text = HEAD
    ignore = draw(st.sampled_from((None, None, "bot == true", "secs < 5 or bot", "missing_is_unknown")))
    if ignore and ignore != "missing_is_unknown":
        text += f'ignore_events: "{ignore}"\n'
    gates = draw(st.sampled_from((0, 0, 0, 1, 2)))
    if gates:
        text += "gates:\n"
    for number in range(gates):
        then = draw(st.sampled_from(("disqualify", "hold")))
        unknown = draw(st.sampled_from(("pass", "fail", "hold")))
        forever = draw(st.sampled_from(("", "", ", forever: true")))
        text += f'  - {{id: g{number}, when: "{draw(CONDITIONS)}", then: {then}, on_unknown: {unknown}{forever}}}\n'
    shape = draw(st.sampled_from((0, 0, 1, 2, 3, 3, 4, 5)))
    threshold = draw(st.sampled_from((10, 15, 20, 25, 30, 5)))
    if shape == 5:
        text += (
            "model:\n  type: logistic\n  trained: {as_of: '2026-01-01', label: won, rows: 10, positives: 2}\n"
            "  intercept: -2\n  terms:\n"
            + "".join(
                f'    - {{feature: "{feature}", coef: {coef}}}\n'
                for feature, coef in (
                    (draw(CONDITIONS), draw(st.sampled_from((-1, 1, 2)))),
                    ("count(view, within='12h')", draw(st.sampled_from((-1, 1)))),
                    ("log10(employees)", 0.5),
                )
            )
            + f'qualify: "probability >= {draw(st.sampled_from((0.2, 0.5, 0.7)))}"\n'
        )
    elif shape == 4:
        text += f'qualify: "{draw(CONDITIONS)}"\n'
    else:
        text += "scores:\n" + draw(scores("s"))
        if shape == 3:
            text += draw(scores("w")) + "grades: {s: {A: 20, B: 10, C: 0}, w: {'1': 15, '2': 5, '3': -20}}\n"
            text += f"qualify: {draw(st.sampled_from(MATRICES))}\n"
        elif shape == 2:
            text += f'qualify: "s >= {threshold} and ({draw(CONDITIONS)})"\n'
        elif shape == 1:
            text += "grades: {s: {A: 20, B: 10, C: 0}}\n"
            text += f'qualify: "{draw(st.sampled_from(GRADED))}"\n'
        else:
            text += f'qualify: "s >= {threshold}"\n'
    for number in range(draw(st.sampled_from((0, 0, 1)))):
        text += f'fast_track:\n  - {{id: f{number}, when: "{draw(CONDITIONS)}"}}\n'
    if draw(st.booleans()):
        text += f"requalify: {{cooldown: {draw(st.sampled_from(('3h', '12h')))}, max: {draw(st.integers(1, 3))}}}\n"
    return text


@st.composite
def accepted_texts(draw: st.DrawFn) -> str:
    """The YAML of a definition the binder accepts."""
    while True:
        text = draw(definition_texts())
        try:
            load(text)
        except InputError as error:
            if {problem.code for problem in error.problems} != {"CouldRise"}:
                raise
        else:
            return text


@lru_cache(maxsize=64)
def load(text: str) -> Definition:
    """The definition a made text declares."""
    return load_text(text, file="made@1.0.0.yaml")


def instants(low: int, high: int) -> st.SearchStrategy[datetime]:
    """Instants on the coarse grid, in steps from the start."""
    return st.integers(low, high).map(lambda step: START + step * STEP)


LATE = st.sampled_from((0, 0, 0, 0, 1, 4, 17)).map(lambda steps: steps * STEP)


@st.composite
def events(draw: st.DrawFn, when: st.SearchStrategy[datetime]) -> Event:
    """An event, now and then a version of another one."""
    occurred = draw(when)
    name = draw(st.sampled_from(("view", "view", "view", "form", "form", "click", "elsewhere")))
    props = {
        "view": {
            "path": draw(st.sampled_from(("/p", "/p", "/q", None))),
            "secs": draw(st.sampled_from((5.0, 10.0, "20", -10.0, None, "many"))),
        },
        "form": {"kind": draw(st.sampled_from(("demo", "ebook", None, "other")))},
        "click": {"bot": draw(st.sampled_from((True, False, None, "no")))},
    }.get(name, {})
    event_id = draw(st.sampled_from((None, None, None, "e1", "e2")))
    version = draw(st.sampled_from((None, 1, 2)))
    return Event(name, occurred, occurred + draw(LATE), event_id, draw(st.sampled_from(("", "web"))), props, version)


@st.composite
def histories(
    draw: st.DrawFn, lead_id: str = "me", when: st.SearchStrategy[datetime] | None = None, most: int = 10
) -> History:
    """A lead with events and changes from a day and a half before its start on."""
    when = st.one_of(instants(-24, 0), instants(0, 30), instants(0, 30)) if when is None else when
    values = {
        "employees": st.sampled_from((10.0, 50.0, "100", None, "n/a", float("nan"))),
        "staff": st.sampled_from((None, 10.0, 120.0)),
        "need": st.sampled_from((None, "none", "low", "medium", "high", "huge")),
        "region": st.sampled_from((None, "north", "south")),
        "opted": st.sampled_from((None, True, False, "yes")),
        "title": st.sampled_from((None, "vp sales", "head of it", "sales-vp")),
    }
    fields = {name: draw(value) for name, value in values.items()}
    changes = []
    for _ in range(draw(st.sampled_from((0, 0, 1, 2, 4)))):
        name = draw(st.sampled_from(sorted(values)))
        changed = draw(when)
        changes.append(FieldChange(name, draw(values[name]), changed, changed + draw(LATE)))
    lead = Lead(
        lead_id,
        draw(when.filter(lambda at: at <= START)),
        draw(st.sampled_from((None, "ads", "web"))),
        fields=fields,
        row_is=draw(st.sampled_from(("initial", "current"))),
        assigned_at=START,
    )
    least = draw(st.sampled_from((0, 3, 6)))
    happened = tuple(draw(st.lists(events(when), min_size=min(least, most), max_size=most)))
    recycled = tuple(sorted(draw(st.lists(instants(0, 30), max_size=2))))
    return History(lead, happened, tuple(changes), recycled)
