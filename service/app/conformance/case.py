"""A vector's settings and instructions as the holder's own words: statements made before the first event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, cast

from service.app.conformance.schema import REGIMES
from service.domain.history import asset_id
from service.domain.ledger import Choices, Scope, choices
from service.domain.statements import (
    Allocation,
    AllocationOrder,
    LotChoice,
    LotPlace,
    LotSelection,
    MethodChoice,
    MethodName,
    PoolingChoice,
    Statement,
    gathered,
)

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
Regime = Literal["us", "uk", "ca"]
"""Whose law: lots of the United States, or the pools of the United Kingdom or of Canada."""


@dataclass(frozen=True, slots=True)
class Case:
    regime: Regime
    zone: str
    method: str
    """One of its regime's; "average" is a view and no choice of the holder's."""
    is_universal: bool
    account_scope_from: date | None
    said: tuple[Statement, ...]
    """From the instructions."""

    def choices(self, accounts: Iterable[str]) -> Choices:
        said = list(self.said)
        if self.method != "average":
            said += [MethodChoice(a, cast("MethodName", self.method), ALWAYS.date(), ALWAYS) for a in sorted(accounts)]
        if self.is_universal and self.account_scope_from:
            said.append(PoolingChoice(self.account_scope_from, ALWAYS))
        scope: Scope | None = "account"
        if self.is_universal:
            scope = None if self.account_scope_from else "universal"
        return choices(gathered(said), zone=self.zone, scope=scope, method="average" if self.method == "average" else None)


def case_of(vector: Mapping[str, Any]) -> Case:
    """Of a vector without problems (schema.problems)."""
    settings = vector["settings"]
    since = settings.get("account_scope_from")
    return Case(
        regime=settings["regime"],
        zone=settings.get("tax_timezone", "UTC"),
        method=settings.get("method", REGIMES[settings["regime"]].methods[0]),
        is_universal=settings.get("scope") == "universal",
        account_scope_from=date.fromisoformat(since) if since else None,
        said=tuple(_statement(i) for i in vector.get("instructions", ())),
    )


def _statement(told: Mapping[str, Any]) -> Statement:
    if told["kind"] == "select_lots":
        return LotSelection(told["event_id"], tuple(LotChoice(c["lot_id"], Decimal(c["quantity"])) for c in told["lots"]), ALWAYS)
    places = tuple(LotPlace(p["lot_id"], p["account"], Decimal(p["quantity"])) for p in told.get("lots", ()))
    order = cast("AllocationOrder", told.get("order", "oldest_first"))
    return Allocation(asset_id(told["asset"]), ALWAYS, places, order, tuple(told.get("accounts", ())))
