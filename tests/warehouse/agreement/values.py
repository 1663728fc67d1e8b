"""Raw values of fields and properties as the door leaves them: text normalised, sometimes of the wrong type."""

from __future__ import annotations

from mqlab.leads.records import Scalar
from mqlab.leads.text import normalise

WORDS = (
    "vp sales", "VP of Sales", "head of it", "sales-vp", "sales_ops vp", "Head/Sales", "vp\u200bsales", "100% sales",
    "%vp_", "o'brien vp", "vp", "Sales-Ops", "", "n/a", "tba", "VP—SALES", "３ｖｐ",
)  # fmt: skip
CITIES = (
    "Straße", "STRASSE", "strasse 10", "münchen", "Mu\u0308nchen", "İstanbul", "istanbul", "Iğdır ılık", "ILIK",
    "ΣΊΣΥΦΟΣ", "Σίσυφος", "σίσυφος ς", "株式会社 １０", "दिल्ली", "٣ n", "unknown", "-", "ﬁve½", "²50%",
)  # fmt: skip


def _texts(texts: tuple[str, ...]) -> tuple[Scalar, ...]:
    return tuple(normalise(text) for text in texts)


FIELDS: dict[str, tuple[Scalar, ...]] = {
    "employees": (10.0, 50.0, 50.0, 60.0, "100", "+50", None, "n/a", "1e3", " 12.50 ", "1,000", float("nan"), True),
    "staff": (None, 10.0, 120.0, 50.0, "50.0", "fifty", float("inf")),
    "budget": (0.1, 0.2, 0.3, "0.1", "-3.5", 40.0, 10.0, -1.0, 0.0, None, ".5"),
    "need": (None, "none", "low", "medium", "high", "huge", "medium", "select"),
    "stage": (None, "low", "medium", "high", "none", 1.0),
    "region": (None, "north", "south", "österreich", True),
    "opted": (None, True, False, "yes", "0", 1.0, 2.0, "maybe", "na"),
    "jobTitle": (None, 12.0, *_texts(WORDS)),
    "city": (None, False, *_texts(CITIES)),
    "email_domain": (None, "example.com", "rival.com"),
    "code": (None, "1", 1.0, True, "true", "yes", "0", False, "01", "1.0", "n/a", 0.5),
}
PROPS: dict[str, dict[str, tuple[Scalar, ...]]] = {
    "view": {
        "path": ("/p", "/p", "/q", None, "/pricing", "/Pricing%", "strasse", "/strasse", "n/a", 7.0),
        "secs": (5.0, 10.0, 10.0, "20", -10.0, 0.1, 0.2, 1 / 3, 1 / 3, 2 / 3, None, "many", "-", float("nan")),
    },
    "formfill": {"docKind": ("demo", "ebook", None, "other", "webinar", "unknown")},
    "click": {"bot": (True, False, False, None, "no", "1", "--"), "secs": (5.0, 10.0, "20", None, True)},
    "elsewhere": {"path": ("/p",), "bot": (True, False)},
}
EXTREMES: tuple[Scalar, ...] = (1e200, -1e200, "9" * 200, 1e-200)
"""Numbers whose products leave what a double can hold."""
