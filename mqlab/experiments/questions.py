"""The metrics a file declares: known, allowed in their role, with all they need and nothing that would be ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from mqlab.errors import nearest
from mqlab.experiments.document import ExperimentSpec, GuardrailSpec, MetricSpec
from mqlab.experiments.metrics import METRICS, MetricKind
from mqlab.experiments.protocol import Margin, Metric

MINIMUM_EFFECT = 0.05
"""The smallest relative effect of interest where the file states none (statistics.md section 2)."""

DEFAULT_MARGINS = {"won_per_lead": 0.10, "sql_per_lead": 0.05}
"""Relative non-inferiority margins where the file states none (statistics.md section 2)."""

Report = Callable[..., None]
Path = tuple[str | int, ...]


class Questions:
    """Resolves the metrics of one file; what it finds wrong goes to `report(code, message, *path, hint=…)`."""

    def __init__(self, report: Report, spec: ExperimentSpec) -> None:
        self.report = report
        self.spec = spec

    def primary(self) -> Metric:
        """The metric that decides: causal, with its horizon."""
        spec, path = self.spec.metrics.primary, ("metrics", "primary")
        kind = self._known(spec.metric, path)
        if kind is not None:
            self._causal(kind, path, "decide an experiment")
        metric = self._metric(spec, kind, path)
        if spec.horizon is None:
            self.report("MissingKey", "The primary metric needs its horizon.", *path, hint="Such as `horizon: 60d`.")
        margin = self._primary_margin()
        if spec.minimum_effect == 0:
            self.report(
                "InvalidValue",
                "A minimum effect of 0% is no effect.",
                *path,
                "minimum_effect",
                hint="The default is 5%.",
            )
        effect = MINIMUM_EFFECT if spec.minimum_effect is None else float(spec.minimum_effect)
        return Metric(metric.metric, metric.horizon_days, effect, margin, metric.cap, metric.currency)

    def precision(self) -> Metric | None:
        """For `aim: efficiency`: what has to get better."""
        spec, path = self.spec.metrics.primary.precision, ("metrics", "primary", "precision")
        if self.spec.aim == "growth":
            if spec is not None:
                self._only_for_efficiency(path)
            return None
        if spec is None:
            hint = "Such as `precision: {metric: sql_per_mql, minimum_effect: 0%}`."
            self.report(
                "MissingKey",
                "An experiment that aims at efficiency says which precision must rise.",
                *path[:2],
                hint=hint,
            )
            return None
        kind = self._known(spec.metric, path)
        if kind is None:
            return None
        if kind.denominator != "mql" and kind.name != "effort_per_win":
            hint = "It is a share of MQLs, such as sql_per_mql, or effort_per_win."
            self.report("MetricNotAllowed", f"'{kind.name}' does not measure precision.", *path, "metric", hint=hint)
        return Metric(kind.name, spec.horizon, float(spec.minimum_effect))

    def then(self) -> tuple[Metric, ...]:
        """What is tested after the primary, in this order."""
        found = []
        for index, spec in enumerate(self.spec.metrics.then):
            path: Path = ("metrics", "then", index)
            kind = self._known(spec.metric, path)
            if kind is not None:
                self._causal(kind, path, "be tested in sequence")
            found.append(self._metric(spec, kind, path))
        self._distinct([self._primary_question(), *found], "then", first=1)
        return tuple(found)

    def beside(self) -> tuple[Metric, ...]:
        """What is shown and decides nothing."""
        found = []
        for index, entry in enumerate(self.spec.metrics.beside):
            spec = MetricSpec(metric=entry) if isinstance(entry, str) else entry
            path: Path = ("metrics", "beside", index)
            found.append(self._metric(spec, self._known(spec.metric, path), path))
        self._distinct(found, "beside")
        return tuple(found)

    def guardrails(self) -> tuple[Metric, ...]:
        """What may not get worse by more than its margin."""
        found = []
        for index, spec in enumerate(self.spec.metrics.guardrails):
            path: Path = ("metrics", "guardrails", index)
            kind = self._known(spec.metric, path)
            metric = self._metric(spec, kind, path)
            margin = self._guardrail_margin(spec, kind, path)
            found.append(Metric(metric.metric, metric.horizon_days, None, margin, metric.cap, metric.currency))
        self._distinct(found, "guardrails")
        return tuple(found)

    def _primary_question(self) -> Metric:
        spec = self.spec.metrics.primary
        return Metric(spec.metric, spec.horizon)  # type: ignore[arg-type]

    def _known(self, name: str, path: Path) -> MetricKind | None:
        kind = METRICS.get(name)
        if kind is None:
            place = path if path[1] == "beside" else (*path, "metric")
            hint = nearest(name, METRICS) or f"Metrics are {', '.join(sorted(METRICS))}."
            self.report("UnknownMetric", f"There is no metric '{name}'.", *place, hint=hint)
        return kind

    def _causal(self, kind: MetricKind, path: Path, what: str) -> None:
        if not kind.causal:
            message = f"'{kind.name}' describes the leads that each definition picks, so it cannot {what}."
            stage = kind.name.removesuffix("_per_mql")
            twin = f"{stage}_per_lead"
            hint = f"Use '{twin}', and '{kind.name}' under `beside`." if twin in METRICS else "List it under `beside`."
            self.report("MetricNotCausal", message, *path, "metric", hint=hint)

    def _metric(self, spec: MetricSpec, kind: MetricKind | None, path: Path) -> Metric:
        if kind is not None and kind.unit != "money":
            for key in ("cap", "currency"):
                if getattr(spec, key) is not None:
                    message = f"'{kind.name}' is no amount of money, so it has no {key}."
                    self.report("UnusedKey", message, *path, key, hint=f"Remove `{key}`.", on_key=True)
        if spec.currency is not None and (problem := currency_problem(spec.currency)):
            self.report("UnknownCurrency", problem[0], *path, "currency", hint=problem[1])
        cap = None if spec.cap is None else Decimal(str(spec.cap))
        return Metric(spec.metric, spec.horizon, None, None, cap, spec.currency)  # type: ignore[arg-type]

    def _primary_margin(self) -> Margin | None:
        spec, path = self.spec.metrics.primary, ("metrics", "primary", "margin")
        if self.spec.aim == "growth":
            if spec.margin is not None:
                self._only_for_efficiency(path)
            return None
        if spec.margin is not None:
            self._points_need_a_rate(spec.margin, METRICS.get(spec.metric), path)
            return spec.margin
        return Margin(DEFAULT_MARGINS["sql_per_lead"], "relative")

    def _guardrail_margin(self, spec: GuardrailSpec, kind: MetricKind | None, path: Path) -> Margin | None:
        if spec.margin is not None:
            self._points_need_a_rate(spec.margin, kind, (*path, "margin"))
            return spec.margin
        default = DEFAULT_MARGINS.get(spec.metric)
        if default is not None:
            return Margin(default, "relative")
        if kind is not None:
            hint = "How much worse is acceptable, such as `margin: 10%` or `margin: 3pp`."
            self.report("MissingKey", f"The guardrail '{spec.metric}' needs its margin.", *path, hint=hint)
        return None

    def _points_need_a_rate(self, margin: Margin, kind: MetricKind | None, path: Path) -> None:
        if margin.kind == "points" and kind is not None and kind.unit != "rate":
            message = f"'{kind.name}' is no rate, so its margin cannot be in percentage points."
            self.report("InvalidValue", message, *path, hint="Write it as a percentage, such as 10%.")

    def _only_for_efficiency(self, path: Path) -> None:
        message = f"'{path[-1]}' has a meaning only for `aim: efficiency`, and this experiment aims at growth."
        self.report("UnusedKey", message, *path, hint="Remove it, or declare a guardrail.", on_key=True)

    def _distinct(self, metrics: Sequence[Metric], role: str, first: int = 0) -> None:
        seen: set[tuple[str, int | None]] = set()
        for index, metric in enumerate(metrics):
            question = (metric.metric, metric.horizon_days)
            if question in seen:
                horizon = f" at {metric.horizon_days}d" if metric.horizon_days else ""
                message = f"The metric '{metric.metric}'{horizon} is asked for twice."
                self.report("DuplicateMetric", message, "metrics", role, index - first, hint="Remove one of them.")
            seen.add(question)


def currency_problem(code: str) -> tuple[str, str | None] | None:
    """What is wrong with a currency code and a hint, None for an ISO 4217 code in capitals."""
    import pycountry

    known = {currency.alpha_3 for currency in pycountry.currencies}
    if code in known:
        return None
    hint = f"Did you mean '{code.upper()}'?" if code.upper() in known else nearest(code.upper(), known)
    return f"There is no currency '{code}'.", hint or "Write its ISO 4217 code, such as EUR."
