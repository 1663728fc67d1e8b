"""The Olist funnel as a lab, made from the shared data; no row of it stands here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from mqlab import Lab
from mqlab.leads.instants import end_of_day

LEADS = "olist_marketing_qualified_leads_dataset.csv"
DEALS = "olist_closed_deals_dataset.csv"
SALES = "olist_seller_sales_summary.csv"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HORIZON_DAYS = 450

SETTINGS = """
[lab]
name = "olist"
timezone = "America/Sao_Paulo"
currency = "BRL"
null_tokens = ["n/a"]
approvals_required = false
"""
SEARCH = """
kind: mql-definition/v1
id: channels
version: 1.0.0
title: Came by search or directly
owner: growth
qualify: "source in ['organic_search', 'paid_search', 'direct_traffic']"
"""
PAGES = """
kind: mql-definition/v1
id: pages
version: 1.0.0
title: Came by one of the busiest landing pages
owner: growth
fields: {{landing_page_id: {{type: string}}}}
lists: {{busy: [{pages}]}}
qualify: "landing_page_id in busy"
"""
EXPERIMENT = """
kind: mql-experiment/v1
id: pages-v-channels
title: Do landing pages pick better leads than channels?
hypothesis: Leads of the busiest landing pages are won more often.
aim: growth
owner: growth
unit: lead
salt: olist
enrolment: {from: 2017-06-14, to: 2018-05-31, timezone: America/Sao_Paulo}
phases: [{from: 2017-06-14, coverage: 100%}]
control: channels
arms:
  channels: {definition: channels@1.0.0, weight: 1}
  pages: {definition: pages@1.0.0, weight: 1}
qualify_within: 30d
handling: blinded
cadence: 1h
metrics:
  primary: {metric: won_per_lead, horizon: 450d, minimum_effect: 5%}
  then: [{metric: revenue_per_lead, horizon: 450d, cap: 20000, currency: BRL}]
  beside: [won_per_mql, mql_per_lead]
looks: {dates: [2019-12-31], spending: obrien_fleming, maximum_leads: 8000}
alpha: 0.05
segments: [source]
"""


@dataclass(frozen=True)
class Olist:
    """The lab with its data read, and the tables as pandas reads them."""

    lab: Lab
    leads: pd.DataFrame
    deals: pd.DataFrame
    as_of: datetime
    counts: dict[str, dict[str, object]]


def olist_lab(data: Path, folder: Path, mappings: Path) -> Olist:
    """Make the lab in `folder` and read the two tables with the mapping files of the documentation."""
    leads = pd.read_csv(data / LEADS, keep_default_na=False)
    deals = pd.read_csv(data / DEALS).merge(
        pd.read_csv(data / SALES)[["seller_id", "revenue_delivered_brl"]], how="left", on="seller_id"
    )
    deals["revenue_delivered_brl"] = deals["revenue_delivered_brl"].fillna(0)
    pages = leads["landing_page_id"].value_counts().index[:20]
    files = {
        "mqlab.toml": SETTINGS,
        "definitions/channels@1.0.0.yaml": SEARCH,
        "definitions/pages@1.0.0.yaml": PAGES.format(pages=", ".join(pages)),
        "experiments/pages-v-channels.yaml": EXPERIMENT,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    deals.to_csv(folder / "deals.csv", index=False)
    lab = Lab.open(folder)
    counts = {
        "leads": lab.ingest("leads", data / LEADS, mapping=mappings / "leads.yaml", now=NOW).to_dict(),
        "outcomes": lab.ingest("outcomes", folder / "deals.csv", mapping=mappings / "deals.yaml", now=NOW).to_dict(),
    }
    return Olist(lab, leads, deals, end_of_day(date(2019, 12, 31), lab.settings.zone), counts)
