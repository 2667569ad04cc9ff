"""Positions → opportunities: what selling would save after tax and costs, how sure we are, what to do.

Worked example. FIFO, price 2,600: the oldest lot gains 1,400, the next loses 1,300. Selling both realises +100, so FIFO has
nothing to offer; HIFO takes the second lot alone and offers a loss of 1,300. Per account and coin there is one opportunity:
the lots that the method would really take, as many as make the loss greatest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from service.domain.issues import content_id
from service.domain.methods import ordered
from service.domain.money import ZERO, cents, exact, plain, total
from service.domain.rules import Rules, local_date
from service.domain.statements import MethodName
from service.domain.tax import Profile, saving
from service.domain.valuation import Position


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a loss is worth a word. All that are set must be met."""

    loss: Decimal = Decimal(100)
    """Least loss in money."""
    loss_share: Decimal = Decimal("0.20")
    """Least loss as a share of basis: 20 percent, flat optimum of the simulation in the tax reference; 5 percent loses money."""
    saving: Decimal = Decimal(25)
    """Least tax saving, net of costs."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a sale and the repurchase take away."""

    trade_share: Decimal = Decimal("0.003")
    """Fees and spread of the round trip, as a share of value."""
    move: Decimal = Decimal(5)
    """Money for moving coins out of a wallet before they can be sold; 0 on an exchange."""


@dataclass(frozen=True, slots=True)
class HarvestSettings:
    thresholds: Thresholds = Thresholds()
    by_asset: dict[str, Thresholds] = field(default_factory=dict)
    """Canonical id → its own thresholds."""
    costs: Costs = Costs()

    def of(self, coin: str) -> Thresholds:
        """The thresholds in force for a coin (canonical id)."""
        return self.by_asset.get(coin, self.thresholds)


@dataclass(frozen=True, slots=True)
class Opportunity:
    id: str
    """From account, coin and lots with their bases: the same lots are the same opportunity at every price."""
    account: str
    coin: str
    asset: str
    symbol: str
    lots: tuple[tuple[str, Decimal], ...]
    """(lot id, quantity) in the order in which the account's method takes them."""
    quantity: Decimal
    value: Decimal
    basis: Decimal
    loss: Decimal
    """Positive."""
    short_loss: Decimal
    long_loss: Decimal
    """Parts of the loss by term; a lot at a gain that must go along counts against its part."""
    term: Literal["short", "long", "mixed"]
    saving: Decimal
    costs: Decimal
    net: Decimal
    certainty: Literal["proven", "estimated", "low"]
    price: Decimal
    price_at: datetime
    price_sources: tuple[str, ...]
    blocked_by: tuple[str, ...]
    """Why it is not worth a word, or cannot be sold; empty: worth an alert."""
    says: str
    """What to do, in one or two sentences."""


NEAR_LONG = timedelta(days=30)
"""A short-term loss within this of becoming long term is told with its date (the tax reference, 4.5 a)."""

Certainty = Literal["proven", "estimated", "low"]


def assess(  # noqa: PLR0917 - the stage's inputs in the order of the data
    positions: Sequence[Position],
    method_of: Callable[[str], MethodName],
    settings: HarvestSettings,
    profile: Profile,
    rules: Rules,
    realised: tuple[Decimal, Decimal],
    now: datetime,
    *,
    movable: Callable[[str], bool],
    currency: str = "USD",
) -> list[Opportunity]:
    """All that would realise a loss, the greatest net saving first; what is not worth a word says why in `blocked_by`.

    `realised`: net (short, long) of the year so far. `movable`: True for an account in which coins can be sold where they
    lie. Each opportunity is judged alone: no two of them share what the year can use.
    """
    found = []
    by: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for position in positions:
        by[position.lot.account, position.lot.coin].append(position)
    with exact():
        for (account, _), held in by.items():
            method = method_of(account)
            chosen = _chosen(held, method)
            if chosen:
                found.append(_Case(chosen, method, settings, profile, rules, realised, now, movable(account), currency).opportunity())
    return sorted(found, key=lambda o: (-o.net, o.id))


def _chosen(held: Sequence[Position], method: MethodName) -> list[Position]:
    """The lots to sell: by identification just those at a loss; else the first ones of the method that lose most together.

    A lot without an opinion is never proposed, and ends the walk: what the method would take after it cannot be known.
    """
    by_lot = {p.lot.id: p for p in held}
    line = [by_lot[lot.id] for lot in ordered([p.lot for p in held], method)]
    if method == "specific":
        return [p for p in line if p.unrealised is not None and p.unrealised < 0]
    best, so_far, length = ZERO, ZERO, 0
    for n, position in enumerate(line, 1):
        if position.unrealised is None:
            break
        so_far += position.unrealised
        if so_far < best:
            best, length = so_far, n
    return line[:length]


@dataclass(frozen=True, slots=True)
class _Case:
    """One account and coin: the lots that would be sold, and all that their worth depends on."""

    chosen: list[Position]
    method: MethodName
    settings: HarvestSettings
    profile: Profile
    rules: Rules
    realised: tuple[Decimal, Decimal]
    now: datetime
    on_exchange: bool
    currency: str

    def opportunity(self) -> Opportunity:
        first = self.chosen[0]
        assert first.price is not None
        lots = tuple((p.lot.id, p.lot.quantity) for p in self.chosen)
        short, long = self._loss("short"), self._loss("long")
        worth, basis = total(p.value or ZERO for p in self.chosen), total(p.lot.basis or ZERO for p in self.chosen)
        saved = saving(*self.realised, short, long, self.profile, self.rules)
        costs = self.settings.costs.trade_share * worth + (ZERO if self.on_exchange else self.settings.costs.move)
        terms = {p.term for p in self.chosen}
        quantity = total(q for _, q in lots)
        return Opportunity(
            id=content_id("opp", first.lot.account, first.lot.coin, *self._named()),
            account=first.lot.account,
            coin=first.lot.coin,
            asset=first.lot.asset,
            symbol=first.lot.symbol,
            lots=lots,
            quantity=quantity,
            value=worth,
            basis=basis,
            loss=short + long,
            short_loss=short,
            long_loss=long,
            term=first.term if len(terms) == 1 else "mixed",
            saving=saved,
            costs=costs,
            net=saved - costs,
            certainty=self._certainty(),
            price=first.price.price,
            price_at=first.price.at,
            price_sources=first.price.sources,
            blocked_by=self._blocked(short + long, basis, saved, costs),
            says=self._says(quantity),
        )

    def _named(self) -> list[str]:
        return [f"{p.lot.id} {plain(p.lot.quantity)} {plain(p.lot.basis or ZERO)}" for p in self.chosen]

    def _loss(self, held: str) -> Decimal:
        return ZERO - total(p.unrealised or ZERO for p in self.chosen if p.term == held)

    def _certainty(self) -> Certainty:
        """proven: clean lots, a price that two sources or the holder gave. low: flagged lots, or a price by peg alone."""
        price = self.chosen[0].price
        assert price is not None
        if any(p.lot.flags for p in self.chosen) or price.sources[0].startswith("peg:"):
            return "low"
        return "proven" if len(price.sources) > 1 or price.sources == ("import",) else "estimated"

    def _blocked(self, loss: Decimal, basis: Decimal, saved: Decimal, costs: Decimal) -> tuple[str, ...]:
        least = self.settings.of(self.chosen[0].lot.coin)
        reasons = []
        if loss < least.loss:
            reasons.append(f"loss {money(loss, self.currency)} is under {money(least.loss, self.currency)}")
        if loss < least.loss_share * basis:
            reasons.append(f"loss is {percent(loss / basis)} of the basis, under {percent(least.loss_share)}")
        if saved <= 0:
            reasons.append("a further loss saves no tax this year")
        elif saved - costs < least.saving:
            reasons.append(f"saving after costs {money(saved - costs, self.currency)} is under {money(least.saving, self.currency)}")
        return tuple(reasons)

    def _says(self, quantity: Decimal) -> str:
        first = self.chosen[0]
        what = f"{plain(quantity)} {first.lot.symbol}"
        parts = [f"Sell {what}." if self.on_exchange else f"Move {what} to an exchange and sell there."]
        if self.method == "specific":
            parts.append("Record which lots before the sale: `thresher plan identify`.")
        today = local_date(self.now, self.profile.time_zone)
        soon = [p.long_from for p in self.chosen if p.term == "short" and today < date.fromisoformat(p.long_from) <= today + NEAR_LONG]
        if soon:
            parts.append(f"The loss is short term until the day before {min(soon)}.")
        return " ".join(parts)


def money(value: Decimal, currency: str) -> str:
    """ "1,234.50 USD": for sentences, rounded to cents."""
    return f"{cents(value):,f} {currency}"


def percent(share_of_one: Decimal) -> str:
    """ "12.5%": for sentences, one place at most."""
    with exact():
        return f"{plain((share_of_one * 100).quantize(Decimal('0.1')))}%"
