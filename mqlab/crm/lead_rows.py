"""Flat rows of the `leads` table read for `assign`: in the file's order, nothing written, nothing left out."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from zoneinfo import ZoneInfo

from mqlab.crm.clock import Clock
from mqlab.crm.door import Door
from mqlab.crm.header import lay_out, wanted_names
from mqlab.crm.mapping import Column, Mapping, load_mapping, load_preset
from mqlab.crm.money import Numbers
from mqlab.crm.quarantine import mask_text
from mqlab.crm.sources import opened
from mqlab.crm.transform import Context, arrivals
from mqlab.errors import Place, Problem, ProblemsFound
from mqlab.experiments.arrival import Arrival
from mqlab.leads.instants import instant
from mqlab.leads.text import DEFAULT_NULL_TOKENS, normalise
