"""Texts of conditions by what they show, so that every kind of node is drawn often enough to be seen."""

from __future__ import annotations

STILL: dict[str, tuple[str, ...]] = {
    "number": ("employees >= 50", "staff < 100", "50 <= employees", "employees != 10", "-employees < -20"),
    "chain": ("10 <= employees < 100", "0 < budget <= 0.3 < 1"),
    "two fields": ("employees > budget", "staff == employees", "employees - budget >= 40", "staff * 2 > employees"),
    "arithmetic": ("employees + staff >= 100", "budget + 0.2 >= 0.3", "budget * employees >= 5", "0.1 + 0.2 == 0.3"),
    "overflow": ("employees * budget < 1000", "missing(employees) or employees * employees > 0"),
    "logarithm": ("log10(employees) >= 1", "log1p(budget) > 0", "log10(employees - 10) >= 0", "log1p(-budget) < 0"),
    "extreme": ("min(employees, staff) >= 50", "max(employees, budget, 20) <= 50", "min(budget, 10) + 1 > 1"),
    "numbers in": ("employees in [10, 50]", "staff not in [50, 120]", "budget + 0.1 in [0.2, 0.3]"),
    "enum order": ("need >= 'medium'", "need < 'high'", "'low' <= need", "stage > need"),
    "enum same": ("need == 'high'", "need != 'none'", "region == 'north'", "'south' != region", "stage == need"),
    "enum in": ("region in ['north', 'south']", "need not in ['none', 'low']", "stage in ['medium', 'high']"),
    "truth": ("opted", "not opted", "opted == false", "opted != true", "true", "false or opted"),
    "truth in": ("opted in [true]", "opted not in [false]", "opted in [true, false]"),
    "text same": ("jobTitle == 'vp sales'", "city == 'STRASSE'", "city != 'İstanbul'", "jobTitle == city"),
    "list": ("city in cities", "city not in cities", "not (city in cities) and opted"),
    "text in": ("city not in ['Σίσυφος', 'münchen']", "source in ['ads', 'web']", "'ads' == source"),
    "has_word": (
        "has_word(jobTitle, 'vp')",
        "has_word(jobTitle, 'head of', 'vp of sales')",
        "has_word(city, 'İstanbul', 'Σίσυφος')",
        "has_word(city, 'straße') or has_word(city, 'ILIK')",
        "not has_word(city, '株式会社', '10')",
        "has_word(jobTitle, 'sales-ops')",
    ),
    "contains": (
        "contains(jobTitle, '%')",
        "contains(jobTitle, '_', 'sales')",
        "contains(city, 'ß')",
        "not contains(city, 'σ', 'ı')",
        'contains(jobTitle, "o\'b")',
    ),
    "startswith": ("startswith(jobTitle, 'vp', '%')", "startswith(city, 'Ｍü')", "not startswith(city, 'i')"),
    "endswith": ("endswith(jobTitle, 'sales')", "endswith(city, 'ς', '%')", "not endswith(city, 'e')"),
    "missing": ("missing(jobTitle)", "missing(need)", "not missing(staff)", "missing(region) and opted"),
    "domain": ("email_domain == 'example.com'", "not missing(email_domain) and source == 'ads'", "missing(source)"),
}
"""Conditions that only fields can move."""

MOVING: dict[str, tuple[str, ...]] = {
    "count": ("count(view) >= 2", "count(FormFill) == 1", "count(view) < 3", "not (count(FormFill) > 0)"),
    "window": ("count(view, within='6h') >= 2", "count(view, within='9h') < 2", "1 <= count(view, within='9h') < 3"),
    "where": (
        "count(view, path == '/p') > 0",
        "count(view, secs > 5) >= 1 or missing(jobTitle)",
        "count(view, has_word(path, 'pricing')) > 0",
        "count(view, startswith(path, '/p'), secs >= 5) >= 1",
        "count(view, path in ['/p', '/Straße'], within='12h') > 0",
        "count(view, not (endswith(path, 'p') or secs in [5, 10])) >= 1",
        "count(click, not bot) > 0",
        "count(click, bot == false or secs * 2 > 10) > 0",
        "count(view, contains(path, '%') or log10(secs) >= 1) >= 1",
        "count(view, max(secs, 7) < 8 or -secs > 0) > 0",
    ),
    "where enum": (
        "count(FormFill, docKind >= 'demo') > 0",
        "count(FormFill, docKind == 'ebook') != 1",
        "count(FormFill, docKind not in ['demo']) >= 1",
    ),
    "distinct": (
        "count(view, distinct='day') >= 2",
        "count(view, distinct='day', within='24h') >= 2",
        "count(click, bot == false, distinct='day') == 1",
    ),
    "sum": (
        "sum(view, secs) >= 30",
        "2 * sum(view, secs) >= 60",
        "sum(view, secs) == 0.3",
        "sum(click, secs) > 0",
        "1 <= sum(view, secs)",
    ),
    "sum window": ("sum(view, secs, within='12h') > 10", "sum(view, secs, path == '/p', within='6h') < 5"),
    "days": ("days_since(FormFill) >= 1", "days_since(view) < 1", "days_since(view) == 1", "0 < days_since(click)"),
    "days and": (
        "days_since(click, not bot) > 0",
        "not (days_since(view) >= 1)",
        "days_since(view) != 1",
        "0 <= days_since(FormFill) < 2",
        "days_since(view, path == '/p') >= 1",
    ),
    "account": (
        "account.count(view, within='24h') >= 3",
        "account.count(FormFill) < 2",
        "account.count(view, distinct='day') >= 2",
        "account.count(click, not bot, within='6h') == 0",
    ),
    "arithmetic": (
        "count(view) - count(FormFill) >= 2",
        "employees * count(view) >= 100",
        "-count(view) > -2",
        "count(view) * 0.1 + 0.1 == 0.3",
        "-(count(view) - 2) >= 0",
    ),
    "extreme": ("min(count(view), count(click)) >= 1", "max(count(view), 2 * count(FormFill)) >= 4"),
    "logarithm": ("log1p(count(view)) * 2 > 2", "log10(count(view)) >= 0", "log1p(sum(view, secs)) >= 2"),
    "in": ("count(view, path == '/p') in [1, 3]", "count(FormFill) not in [0, 2]", "account.count(view) in [2, 4]"),
}
"""Conditions that events move."""

WAITING = (
    "count(view, within='6h') < 1", "days_since(view) >= 1", "not (count(view, within='9h') > 0)",
    "days_since(FormFill) > 0 or days_since(view) == 1", "account.count(view, within='6h') < 2",
    "count(click, within='12h') == 0", "sum(view, secs, within='6h') < 1",
    "count(view, within='12h', distinct='day') < 1",
)  # fmt: skip
"""Conditions that often begin to hold by the lapse of time alone."""

OF_SCORES: dict[str, tuple[str, ...]] = {
    "one": ("s >= {0}", "s >= {0}", "s > {0}", "{0} <= s"),
    "two": ("s + w >= {0}", "s >= {0} and w >= 5", "s >= {0} or w > 20", "s - 5 >= w", "s == {0} or w == 10"),
    "functions": (
        "min(s, w) >= 10",
        "max(s, 2 * w) > {0}",
        "log1p(s) >= 2.5",
        "log10(s) * 10 >= 10",
        "s * 2 >= 2 * {0}",
    ),
    "grades": ("grade(s) >= 'B'", "grade(s) == 'A' or grade(w) > '3'", "grade(s) in ['a', 'B']", "'B' <= grade(s)"),
    "not grades": ("not (grade(s) < 'B')", "grade(s) != 'C' and grade(w) >= '2'"),
    "grades in": ("grade(s) in ['A', 'B']", "grade(w) in ['1']", "grade(s) not in ['C']"),
    "in": ("s in [10, 15, 20]", "w not in [0] and s >= {0}"),
    "fields": ("s + employees >= 60", "s >= employees", "s * staff > 500"),
}
"""Conditions on the scores `s` and `w`; {0} is a threshold."""

OF_CODE: dict[str, tuple[str, ...]] = {
    "number": ("code >= 1", "code in [0, 1]", "code + 1 == 2"),
    "string": ("code == '1'", "has_word(code, '1')", "code in ['true', 'yes', '01']", "missing(code)"),
    "bool": ("code", "not code", "code != true"),
    "enum": ("code >= 'true'", "code == '1'", "code in ['0', '1']"),
}
"""Conditions on a field whose type differs between definitions that read the same data."""
