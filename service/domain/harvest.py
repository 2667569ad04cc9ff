"""Positions → opportunities: what selling would save after tax and costs, how sure we are, what to do.

Worked example. FIFO, price 2,600: the oldest lot gains 1,400, the next loses 1,300. Selling both realises +100, so FIFO has
nothing to offer; HIFO takes the second lot alone and offers a loss of 1,300. Per account and coin there is one opportunity:
what the method would really take first, as much of it as saves most after costs. A loss of 100,000 of which the year can use
3,000 is offered as a part of it: selling more would cost its fees and save nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_UP, Decimal
from itertools import dropwhile, takewhile
from typing import Literal, NamedTuple

from service.domain.assets import is_one_of_a_kind
from service.domain.issues import content_id
from service.domain.methods import ordered
from service.domain.money import ZERO, cents, exact, plain, share, total
from service.domain.rules import Rules, local_date
from service.domain.statements import MethodName
from service.domain.tax import Profile, Realised, TaxModel, bends, liability, year_of
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
    """From account, coin and all that lies there with its bases: the same holding is the same opportunity at every price."""
    account: str
    coin: str
    asset: str
    symbol: str
    lots: tuple[tuple[str, Decimal], ...]
    """(lot id, quantity) in the order in which the account's method takes them; of the last one perhaps a part."""
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
    """What to do, in a few sentences."""

    @property
    def collectible_loss(self) -> Decimal:
        """The part of `long_loss` that is taxed as collectibles (Notice 2023-27)."""
        return self.long_loss if is_one_of_a_kind(self.coin) else ZERO

    @property
    def limited(self) -> bool:
        """More could be lost, and would save nothing this year."""
        return NO_MORE in self.says


NO_MORE = "Selling more would save no more tax this year."
UNIT = Decimal("0.00000001")
"""The part of a lot that is sold is rounded up to eight places, which exchanges trade in."""

NEAR_LONG = timedelta(days=30)
"""A short-term loss within this of becoming long term is told with its date (the tax reference, 4.5 a)."""

Certainty = Literal["proven", "estimated", "low"]


def assess(  # noqa: PLR0917 - the stage's inputs in the order of the data
    positions: Sequence[Position],
    method_of: Callable[[str], MethodName],
    settings: HarvestSettings,
    profile: Profile,
    rules: Rules,
    realised: Realised,
    now: datetime,
    *,
    movable: Callable[[str], bool],
    currency: str = "USD",
) -> list[Opportunity]:
    """All that would realise a loss, the greatest net saving first; what is not worth a word says why in `blocked_by`.

    `realised`: results of the year so far. `movable`: True for an account in which coins can be sold where they
    lie. Each opportunity is judged alone: no two of them share what the year can use.
    """
    found = []
    by: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for position in positions:
        by[position.lot.account, position.lot.coin].append(position)
    year = year_of(profile, rules, realised)
    tax = liability(year).total
    with exact():
        for (account, _), held in by.items():
            case = _Case(held, method_of(account), settings, profile, year, tax, now, movable(account), currency)
            if told := case.opportunity():
                found.append(told)
    return sorted(found, key=lambda o: (-o.net, o.id))


def line_of(held: Sequence[Position], method: MethodName, *, with_gains: bool = False) -> list[Position]:
    """What can be sold of one coin in one account, in the order in which it goes: by identification just the losses, dearest first, and
    `with_gains` the others too; else as the method takes it.

    A lot without an opinion is never proposed, and ends the line: what the method would take after it cannot be known.
    """
    if method == "specific":
        return _in_order([p for p in held if p.unrealised is not None and (with_gains or p.unrealised < 0)], "hifo")
    return list(takewhile(lambda p: p.unrealised is not None, _in_order(held, method)))


def _in_order(held: Sequence[Position], method: MethodName) -> list[Position]:
    of = {id(p.lot): p for p in held}  # by the object: two parts of one lot that came separately have one name
    return [of[id(lot)] for lot in ordered([p.lot for p in held], method)]


def hidden(held: Sequence[Position], method: MethodName) -> bool:
    """Whether a loss lies behind a lot without an opinion, so that what selling would realise cannot be known.

    `held`: what one account holds of one coin. By identification every loss can be reached.
    """
    line = [] if method == "specific" else _in_order(held, method)
    behind = dropwhile(lambda p: p.unrealised is not None, line)
    return any(p.unrealised is not None and p.unrealised < 0 for p in behind)


def _part(position: Position, quantity: Decimal) -> Position:
    """So much of a lot, with its share of the basis as the ledger would cut it."""
    lot = position.lot
    assert position.price is not None
    assert lot.basis is not None
    worth, fair = position.price.price * quantity, None if lot.fair is None else share(lot.fair, quantity, lot.quantity)
    part = replace(lot, quantity=quantity, basis=share(lot.basis, quantity, lot.quantity), fair=fair)
    return replace(position, lot=part, value=worth, unrealised=part.gain(worth))


class _Lost(NamedTuple):
    """Losses, positive; of the long ones `collectibles` collectible."""

    short: Decimal = ZERO
    long: Decimal = ZERO
    collectibles: Decimal = ZERO

    @property
    def both(self) -> Decimal:
        return self.short + self.long

    def plus(self, position: Position) -> _Lost:
        loss = ZERO - (position.unrealised or ZERO)
        if position.term == "short":
            return self._replace(short=self.short + loss)
        of_its_kind = loss if is_one_of_a_kind(position.lot.coin) else ZERO
        return _Lost(self.short, self.long + loss, self.collectibles + of_its_kind)


@dataclass(frozen=True, slots=True)
class _Sale:
    """The whole lots before `length` in the line, and perhaps a part of the one that stands there."""

    length: int
    part: Position | None
    lost: _Lost
    saved: Decimal
    net: Decimal
    """Saving after the costs that grow with the sale."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What one account holds of one coin, and all that the worth of selling it depends on."""

    held: list[Position]
    method: MethodName
    settings: HarvestSettings
    profile: Profile
    year: TaxModel
    tax: Decimal
    """Of the year as it is."""
    now: datetime
    on_exchange: bool
    currency: str

    def opportunity(self) -> Opportunity | None:
        """None where nothing that can be sold loses."""
        line = line_of(self.held, self.method)
        sales = [sale for sale in self._sales(line) if sale.lost.both > 0]
        if not sales:
            return None
        largest = max(sales, key=lambda sale: sale.lost.both)
        best = max(sales, key=lambda sale: sale.net)  # of equals the first, which sells least
        if best.net <= self._move:
            best = largest  # not worth its costs in any part: shown whole, with the reason
        chosen = line[: best.length] + ([best.part] if best.part else [])
        return self._told(chosen, best, limited=best.lost.both < largest.lost.both and largest.saved <= best.saved)

    @property
    def _move(self) -> Decimal:
        return ZERO if self.on_exchange else self.settings.costs.move

    def _saved(self, lost: _Lost) -> Decimal:
        saved: Decimal = self.tax - liability(self.year, -lost.short, -lost.long, -lost.collectibles).total
        return saved

    def _sales(self, line: Sequence[Position]) -> list[_Sale]:
        """All that can be best, in the order of the line. Along one lot saving and costs run straight between the bends of the year's
        tax, so the best sale ends at the edge of a lot, or within a losing one at a bend. A further loss never saves less: within a lot
        nothing is better than the saving of all of it at the costs of none of it.
        """
        share = self.settings.costs.trade_share
        edges = [_Sale(0, None, _Lost(), ZERO, ZERO)]
        worth = [ZERO]
        for place, position in enumerate(line, 1):
            lost = edges[-1].lost.plus(position)
            worth.append(worth[-1] + (position.value or ZERO))
            saved = self._saved(lost)
            edges.append(_Sale(place, None, lost, saved, saved - share * worth[-1]))
        most = max(edge.net for edge in edges)
        sales: list[_Sale] = []
        for place, position in enumerate(line):
            if edges[place + 1].saved - share * worth[place] > most:
                for part in [_part(position, q) for q in self._ends(position, edges[place].lost)]:
                    lost = edges[place].lost.plus(part)
                    saved = self._saved(lost)
                    sales.append(_Sale(place, part, lost, saved, saved - share * (worth[place] + (part.value or ZERO))))
            sales.append(edges[place + 1])
        return sales

    def _ends(self, position: Position, lost: _Lost) -> list[Decimal]:
        """Quantities of a losing lot, less than all of it, at which a further loss begins to be worth less or more."""
        loss, quantity = ZERO - (position.unrealised or ZERO), position.lot.quantity
        if loss <= 0:
            return []
        at = bends(self.year, -lost.short, -lost.long, position.term, loss)
        ends = {(quantity * further / loss).quantize(UNIT, ROUND_UP) for further in at}
        return sorted(end for end in ends if end < quantity)

    def _told(self, chosen: Sequence[Position], sale: _Sale, *, limited: bool) -> Opportunity:
        first = chosen[0]
        assert first.price is not None
        worth, basis = total(p.value or ZERO for p in chosen), total(p.lot.basis or ZERO for p in chosen)
        saved, lost = sale.saved, sale.lost
        costs = self.settings.costs.trade_share * worth + self._move
        terms = {p.term for p in chosen}
        return Opportunity(
            id=content_id("opp", first.lot.account, first.lot.coin, *self._named()),
            account=first.lot.account,
            coin=first.lot.coin,
            asset=first.lot.asset,
            symbol=first.lot.symbol,
            lots=tuple((p.lot.id, p.lot.quantity) for p in chosen),
            quantity=total(p.lot.quantity for p in chosen),
            value=worth,
            basis=basis,
            loss=lost.both,
            short_loss=lost.short,
            long_loss=lost.long,
            term=first.term if len(terms) == 1 else "mixed",
            saving=saved,
            costs=costs,
            net=saved - costs,
            certainty=_certainty(chosen),
            price=first.price.price,
            price_at=first.price.at,
            price_sources=first.price.sources,
            blocked_by=self._blocked(first.lot.coin, lost.both, basis, saved, costs),
            says=self._says(chosen, limited=limited),
        )

    def _named(self) -> list[str]:
        return sorted(f"{p.lot.id} {plain(p.lot.quantity)} {'?' if p.lot.basis is None else plain(p.lot.basis)}" for p in self.held)

    def _blocked(self, coin: str, loss: Decimal, basis: Decimal, saved: Decimal, costs: Decimal) -> tuple[str, ...]:
        least = self.settings.of(coin)
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

    def _says(self, chosen: Sequence[Position], *, limited: bool) -> str:
        what = f"{plain(total(p.lot.quantity for p in chosen))} {chosen[0].lot.symbol}"
        parts = [f"Sell {what}." if self.on_exchange else f"Move {what} to an exchange and sell there."]
        parts += [NO_MORE] if limited else []
        if self.method == "specific":
            parts.append("Record which lots before the sale: `thresher plan identify`.")
        today = local_date(self.now, self.profile.time_zone)
        soon = [p.long_from for p in chosen if p.term == "short" and today < date.fromisoformat(p.long_from) <= today + NEAR_LONG]
        if soon:
            parts.append(f"The loss is short term until the day before {min(soon)}.")
        return " ".join(parts)


def _certainty(chosen: Sequence[Position]) -> Certainty:
    """proven: clean lots, a price that two sources or the holder gave. low: flagged lots, or a price by peg alone."""
    price = chosen[0].price
    assert price is not None
    if any(p.lot.flags for p in chosen) or price.sources[0].startswith("peg:"):
        return "low"
    return "proven" if len(price.sources) > 1 or price.sources == ("import",) else "estimated"


def money(value: Decimal, currency: str) -> str:
    """ "1,234.50 USD": for sentences, rounded to cents."""
    return f"{cents(value):,f} {currency}"


def percent(share_of_one: Decimal) -> str:
    """ "12.5%": for sentences, one place at most."""
    with exact():
        return f"{plain((share_of_one * 100).quantize(Decimal('0.1')))}%"
