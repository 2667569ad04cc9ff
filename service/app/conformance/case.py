"""A vector's settings and instructions as the holder's own words: statements made before the first event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
METHODS = (*get_args(MethodName), "average")
ORDERS = get_args(AllocationOrder)


class Unusable(ValueError):
    """The vector cannot be run; the text says why."""


@dataclass(frozen=True, slots=True)
class Case:
    is_uk: bool
    zone: str
    method: str
    """One of METHODS; "average" is a view and no choice of the holder's."""
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
    """Raises Unusable for a word that is not known."""
    settings = vector["settings"]
    zone, since = settings.get("tax_timezone", "UTC"), settings.get("account_scope_from")
    try:
        ZoneInfo(zone)
        return Case(
            is_uk=_known("regime", settings["regime"], ("us", "uk")) == "uk",
            zone=zone,
            method=_known("method", settings.get("method", "fifo"), METHODS),
            is_universal=_known("scope", settings.get("scope", "account"), ("account", "universal")) == "universal",
            account_scope_from=date.fromisoformat(since) if since else None,
            said=tuple(_statement(i) for i in vector.get("instructions", ())),
        )
    except ZoneInfoNotFoundError:
        raise Unusable(f"no time zone is called {zone}") from None


def _known(what: str, word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise Unusable(f"{what} {word} is not known: {', '.join(words)}")
    return word


def _statement(told: Mapping[str, Any]) -> Statement:
    if _known("instruction", told["kind"], ("allocate_basis", "select_lots")) == "select_lots":
        return LotSelection(told["event_id"], tuple(LotChoice(c["lot_id"], Decimal(c["quantity"])) for c in told["lots"]), ALWAYS)
    places = tuple(LotPlace(p["lot_id"], p["account"], Decimal(p["quantity"])) for p in told.get("lots", ()))
    order = cast("AllocationOrder", _known("order", told.get("order", "oldest_first"), ORDERS))
    return Allocation(asset_id(told["asset"]), ALWAYS, places, order, tuple(told.get("accounts", ())))
