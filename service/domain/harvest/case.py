"""What one account holds of one coin: which part of it is best sold now, and whether that is worth a word.

Of all that the method would take first, the sale that saves most after costs is offered if it meets the thresholds; else the best one that does;
else the best that an open alert may stand on; else the best there is, with the reason why it is left alone. So whether there is something to
say depends on the price in one way only: what is worth a word stays so at every lower price. (Each sale of so many coins loses more, saves no less
and costs less the lower the price; were just the best sale asked, a lower price could bring shallow lots into it and take its depth away.)
service.domain.ladder rests on this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Literal, NamedTuple

from service.domain.assets import is_one_of_a_kind
from service.domain.harvest.line import least_line, part_of
from service.domain.harvest.settings import HarvestSettings, Thresholds
from service.domain.harvest.values import NO_MORE, Certainty, Opportunity, money, percent
from service.domain.issues import content_id
from service.domain.money import PLACES, ZERO, plain, total
from service.domain.rules import Rules, local_date
from service.domain.statements import MethodName
from service.domain.tax import Profile, Realised, TaxModel, deferral, liability, year_of
from service.domain.tax.pieces import Pieces
from service.domain.valuation import Position, value

UNIT = Decimal("0.00000001")
"""The part of a lot that is sold is rounded up to eight places, which exchanges trade in."""
NEAR_LONG = timedelta(days=30)
"""A short-term loss within this of becoming long term is told with its date (the tax reference, 4.5 a)."""


class Lost(NamedTuple):
    """Losses, positive; of the long ones `collectibles` collectible."""

    short: Decimal = ZERO
    long: Decimal = ZERO
    collectibles: Decimal = ZERO

    @property
    def both(self) -> Decimal:
        return self.short + self.long

    def plus(self, position: Position) -> Lost:
        loss = -(position.unrealised or ZERO)
        if position.term == "short":
            return Lost(self.short + loss, self.long, self.collectibles)
        of_its_kind = loss if is_one_of_a_kind(position.lot.coin) else ZERO
        return Lost(self.short, self.long + loss, self.collectibles + of_its_kind)


class Sale(NamedTuple):
    """The whole lots before `length` in the line, and perhaps a part of the one that stands there."""

    length: int
    part: Position | None
    lost: Lost
    basis: Decimal
    saved: Decimal
    costs: Decimal

    @property
    def net(self) -> Decimal:
        return self.saved - self.costs


class Standing(NamedTuple):
    """The sale that is offered, and what may be said of it."""

    sale: Sale
    level: Literal["worth", "keeps", "blocked"]
    """worth: meets the thresholds. keeps: meets what an alert that is open must meet. blocked: neither."""
    is_limited: bool


class Year:
    """The holder's year so far, asked for every account and coin. Within `exact()`."""

    def __init__(self, profile: Profile, rules: Rules, realised: Realised, now: datetime) -> None:
        self.model: TaxModel = year_of(profile, rules, realised)
        self.tax: Decimal = liability(self.model).total
        self.zone = profile.time_zone
        self.now = now
        self.today = local_date(now, profile.time_zone)
        self.days_left = (date(rules.year + 1, 1, 1) - self.today).days
        """Until the next tax year begins, in the holder's zone."""
        self.later = deferral(profile)
        self._pieces = Pieces(self.model)

    def saved(self, lost: Lost) -> Decimal:
        if lost.collectibles:
            taxed: Decimal = liability(self.model, -lost.short, -lost.long, -lost.collectibles).total
            return self.tax - taxed
        return self.tax - self._pieces.total(-lost.short, -lost.long)

    def bends(self, lost: Lost, position: Position, most: Decimal) -> list[Decimal]:
        return self._pieces.bends(-lost.short, -lost.long, position.term, most)


class Case:
    """One account and coin. `held` not empty, all at one price; within `exact()`."""

    def __init__(
        self, held: Sequence[Position], method: MethodName, settings: HarvestSettings, year: Year, *, on_exchange: bool, currency: str
    ) -> None:
        self.held, self.method, self.settings, self.year, self.currency = held, method, settings, year, currency
        self.on_exchange = on_exchange
        self.coin = held[0].lot.coin
        self.least = settings.of(self.coin)
        self.kept = self.least.loosened(1 - settings.hysteresis)
        self.in_sweep = year.days_left <= self.least.deadline
        self.line = least_line(held, method)
        self._share, self._move = settings.costs.trade_share, ZERO if on_exchange else settings.costs.move
        self._low: list[tuple[Lost, Decimal]] = [(Lost(), ZERO)]
        self._edges: list[Sale] = []
        self._worth: list[Decimal] = []

    # -------------------------------------------------------------- which sale

    def standing(self) -> Standing | None:
        """None where nothing that can be sold loses."""
        self._walk()
        losing = [edge for edge in self._edges if edge.lost.short + edge.lost.long > 0]
        if not losing:
            return None
        best = max(self._near_best(losing), key=lambda sale: sale.net)  # of equals the first, which sells least
        largest = max(losing, key=lambda sale: sale.lost.both)
        if self._meets(best, self.least):
            return Standing(best, "worth", _limited(best, largest))
        if self._can_meet(losing, best):
            for level, least in (("worth", self.least), ("keeps", self.kept)):
                if found := self._best_that_meets(least):
                    return Standing(found, level, _limited(found, largest))  # type: ignore[arg-type]  # the two words above
        if best.net <= 0:
            best = largest  # not worth its costs in any part: shown whole, with the reason
        return Standing(best, "blocked", _limited(best, largest))

    def most(self) -> Decimal:
        """The most that any sale saves after its costs; below zero: nothing pays for them."""
        self._walk()
        losing = [edge for edge in self._edges if edge.lost.both > 0]
        return max((sale.net for sale in self._near_best(losing)), default=-self._move) if losing else -self._move

    def _walk(self) -> None:
        """All sales that end at the edge of a lot, in the order of the line."""
        lost, worth, basis = Lost(), ZERO, ZERO
        edges, worths = [Sale(0, None, lost, ZERO, ZERO, self._move)], [ZERO]
        for place, position in enumerate(self.line, 1):
            lost = lost.plus(position)
            worth += position.value or ZERO
            basis += position.lot.basis or ZERO
            edges.append(Sale(place, None, lost, basis, self.year.saved(lost), self._share * worth + self._move))
            worths.append(worth)
        self._edges, self._worth = edges, worths

    def _near_best(self, losing: list[Sale]) -> list[Sale]:
        """All that can be best, in the order of the line. Along one lot saving and costs run straight between the bends of the year's
        tax, so the best sale ends at the edge of a lot, or within a losing one at a bend. A further loss never saves less: within a lot
        nothing is better than the saving of all of it at the costs of none of it.
        """
        most = max(ZERO - self._move, *(edge.net for edge in losing))
        sales: list[Sale] = []
        for edge in self._edges[1:]:
            place = edge.length - 1
            if edge.saved - self._edges[place].costs > most:
                sales += self._parts(place)
            sales.append(edge)
        return [sale for sale in sales if sale.lost.both > 0]

    def _parts(self, place: int, *, at_high: bool = False) -> list[Sale]:
        """Sales that end within a losing lot where a further loss begins to be worth less or more; also where it does `at_high`, the low end."""
        position, before = self.line[place], self._edges[place]
        loss, quantity = -(position.unrealised or ZERO), position.lot.quantity
        if loss <= 0:
            return []
        ends = {(quantity * at / loss).quantize(UNIT, ROUND_UP) for at in self.year.bends(before.lost, position, loss)}
        if at_high and (high := self._at_high(position)) < 0:
            ends |= {(quantity * at / -high).quantize(UNIT, ROUND_UP) for at in self.year.bends(self._low_edge(place)[0], position, -high)}
        return [self._part(place, end) for end in sorted(ends) if 0 < end < quantity]

    def _part(self, place: int, quantity: Decimal) -> Sale:
        before, part = self._edges[place], part_of(self.line[place], quantity)
        lost = before.lost.plus(part)
        costs = self._share * (self._worth[place] + (part.value or ZERO)) + self._move
        return Sale(place, part, lost, before.basis + (part.lot.basis or ZERO), self.year.saved(lost), costs)

    # -------------------------------------------------------------- thresholds

    def _can_meet(self, losing: Sequence[Sale], best: Sale) -> bool:
        """Whether some sale may meet what an open alert must: along one lot loss and its share of the basis are greatest at an end."""
        return (
            best.net >= self.kept.saving
            and any(edge.lost.both >= self.kept.loss for edge in losing)
            and (self.in_sweep or any(edge.lost.both >= self.kept.loss_share * edge.basis for edge in losing))
        )

    def _all(self) -> list[Sale]:
        """Sales between which everything runs straight, in the order of the line."""
        price = self.line[0].price
        assert price is not None
        sales: list[Sale] = []
        for edge in self._edges[1:]:
            sales += [*self._parts(edge.length - 1, at_high=price.high != price.price), edge]
        return sales

    def _best_that_meets(self, least: Thresholds) -> Sale | None:
        met = [edge for edge in self._edges[1:] if edge.lost.both > 0 and self._meets(edge, least)]
        if met:
            return max(self._beside(met, least), key=lambda sale: sale.net)
        sales = self._all()
        met = [sale for sale in sales if sale.lost.both > 0 and self._meets(sale, least)]
        if not met:
            pairs = zip([self._edges[0], *sales], sales, strict=False)
            cuts = [cut for low, high in pairs for cut in self._between(low, high, least)]
            met = [cut for cut in cuts if self._meets(cut, least)]
        return max(met, key=lambda sale: sale.net, default=None)

    def _beside(self, met: list[Sale], least: Thresholds) -> list[Sale]:
        """With sales that end at a bend within a lot, where one may be better."""
        most = max(edge.net for edge in met)
        places = [edge.length - 1 for edge in self._edges[1:] if edge.saved - self._edges[edge.length - 1].costs > most]
        parts = [part for place in places for part in self._parts(place)]
        return [*met, *(part for part in parts if part.lost.both > 0 and self._meets(part, least))]

    def _between(self, low: Sale, high: Sale, least: Thresholds) -> list[Sale]:
        """The ends of what meets all thresholds between two sales that each miss one; what is asked runs straight between them."""
        place = low.length
        if self.line[place].unrealised is None or self.line[place].unrealised >= 0:  # type: ignore[operator]  # None stands before it
            return []
        first, last = Decimal(0), Decimal(1)
        for at_low, at_high in zip(self._margins(low, least), self._margins(high, least), strict=True):
            if at_low < 0 and at_high < 0:
                return []
            if at_low < 0:
                first = max(first, at_low / (at_low - at_high))
            elif at_high < 0:
                last = min(last, at_low / (at_low - at_high))
        if first > last:
            return []
        begin = ZERO if low.part is None else low.part.lot.quantity
        whole = self.line[place].lot.quantity if high.part is None else high.part.lot.quantity
        ends = {
            (begin + (whole - begin) * first).quantize(UNIT, ROUND_UP),
            (begin + (whole - begin) * last).quantize(UNIT, ROUND_DOWN),
        }
        return [self._part(place, end) for end in sorted(ends) if begin < end < whole]

    def _meets(self, sale: Sale, least: Thresholds) -> bool:
        loss = sale.lost.short + sale.lost.long
        if loss < least.loss or (not self.in_sweep and loss < least.loss_share * sale.basis) or sale.net < least.saving:
            return False
        return min(self._margins(sale, least)) >= 0 and self._lowest(sale)[0] > 0

    def _margins(self, sale: Sale, least: Thresholds) -> tuple[Decimal, ...]:
        """By how much each threshold is met; negative: missed. Those of savings at the low end."""
        saved, costs = self._lowest(sale)
        loss = sale.lost.both
        return (
            loss - least.loss,
            ZERO if self.in_sweep else loss - least.loss_share * sale.basis,
            saved - costs - least.saving,
            saved - costs * least.cost_multiple,
            ZERO if least.after_deferred is None else saved - costs - loss * self.year.later - least.after_deferred,
        )

    # -------------------------------------------------------------- the low end

    def _lowest(self, sale: Sale) -> tuple[Decimal, Decimal]:
        """What the sale saves and costs at the highest of the prices that agree."""
        price = self.line[0].price
        assert price is not None
        if price.high == price.price:
            return sale.saved, sale.costs
        lost, worth = self._low_edge(sale.length)
        if sale.part is not None:
            lost = lost.plus(self._repriced(sale.part, price.high))
            worth += sale.part.lot.quantity * price.high
        return self.year.saved(lost), self._share * worth + self._move

    def _low_edge(self, length: int) -> tuple[Lost, Decimal]:
        """What the first lots lose and are worth there."""
        while len(self._low) <= length:
            position, (lost, worth) = self.line[len(self._low) - 1], self._low[-1]
            assert position.price is not None
            lost = lost.plus(self._repriced(position, position.price.high))
            self._low.append((lost, worth + position.lot.quantity * position.price.high))
        return self._low[length]

    def _at_high(self, position: Position) -> Decimal:
        assert position.price is not None
        return self._repriced(position, position.price.high).unrealised or ZERO

    def _repriced(self, position: Position, price: Decimal) -> Position:
        """At another price. A gift's loss has a term of its own."""
        assert position.price is not None
        if position.lot.fair is not None:
            return value([position.lot], {self.coin: replace(position.price, price=price)}, self.year.now, self.year.zone)[0]
        worth = price * position.lot.quantity
        return Position(position.lot, position.term, position.long_from, position.price, worth, position.lot.gain(worth))

    # -------------------------------------------------------------- the answer

    def opportunity(self) -> Opportunity | None:
        """None where nothing that can be sold loses."""
        found = self.standing()
        if found is None:
            return None
        sale = found.sale
        chosen = self.line[: sale.length] + ([sale.part] if sale.part else [])
        first, terms = chosen[0], {p.term for p in chosen}
        price = first.price
        assert price is not None
        unknown = {p.lot.id for p in self.held if p.lot.basis is None}
        saved, costs = self._lowest(sale)
        ends = [sale.net, saved - costs, *([self._net_at(chosen, price.low)] if price.low != price.price else [])]
        days, turning = self._turning(chosen, sale)
        return Opportunity(
            id=content_id("opp", first.lot.account, self.coin, *self._named()),
            account=first.lot.account,
            coin=self.coin,
            asset=first.lot.asset,
            symbol=first.lot.symbol,
            lots=tuple((p.lot.id, p.lot.quantity) for p in chosen),
            quantity=total(p.lot.quantity for p in chosen),
            value=total(p.value or ZERO for p in chosen),
            basis=sale.basis,
            loss=sale.lost.both,
            short_loss=sale.lost.short,
            long_loss=sale.lost.long,
            term=first.term if len(terms) == 1 else "mixed",
            saving=sale.saved,
            costs=sale.costs,
            net=sale.net,
            net_low=min(ends),
            net_high=None if any(p.lot.id in unknown for p in chosen) else max(ends),
            deferred=(sale.lost.both * self.year.later).quantize(PLACES),
            days_to_long=days,
            turning_costs=turning,
            certainty=_certainty(chosen),
            price=price.price,
            price_at=price.at,
            price_sources=price.sources,
            blocked_by=self._blocked(sale, min(ends)) if found.level != "worth" else (),
            keeps=found.level != "blocked",
            says=self._says(chosen, days, turning, limited=found.is_limited),
        )

    def _net_at(self, chosen: Sequence[Position], price: Decimal) -> Decimal:
        """What the sale saves after its costs at another price."""
        lost, worth = Lost(), ZERO
        for position in chosen:
            again = self._repriced(position, price)
            lost, worth = lost.plus(again), worth + (again.value or ZERO)
        return self.year.saved(lost) - self._share * worth - self._move

    def _turning(self, chosen: Sequence[Position], sale: Sale) -> tuple[int | None, Decimal]:
        """Days until the first short-term loss becomes long term, and what those that turn on that day would save less."""
        first = min((p.long_from for p in chosen if p.term == "short" and (p.unrealised or ZERO) < 0), default=None)
        if first is None:
            return None, ZERO
        moved = -total(p.unrealised or ZERO for p in chosen if p.term == "short" and p.long_from == first)
        collectibles = moved if is_one_of_a_kind(self.coin) else ZERO
        lost = sale.lost
        turned = self.year.saved(Lost(lost.short - moved, lost.long + moved, lost.collectibles + collectibles))
        return (date.fromisoformat(first) - self.year.today).days, sale.saved - turned

    def _named(self) -> list[str]:
        return sorted(f"{p.lot.id} {plain(p.lot.quantity)} {'?' if p.lot.basis is None else plain(p.lot.basis)}" for p in self.held)

    def _blocked(self, sale: Sale, low: Decimal) -> tuple[str, ...]:
        least, reasons, loss = self.least, [], sale.lost.both
        saved, costs = self._lowest(sale)
        if loss < least.loss:
            reasons.append(f"loss {money(loss, self.currency)} is under {money(least.loss, self.currency)}")
        if not self.in_sweep and loss < least.loss_share * sale.basis:
            reasons.append(f"loss is {percent(loss / sale.basis)} of the basis, under {percent(least.loss_share)}")
        if saved <= 0:
            reasons.append("a further loss saves no tax this year")
        elif saved - costs < least.saving:
            reasons.append(f"saving after costs {money(saved - costs, self.currency)} is under {money(least.saving, self.currency)}")
        elif saved < costs * least.cost_multiple:
            reasons.append(
                f"saving is {plain((saved / costs).quantize(Decimal('0.1')))} times the costs, under {plain(least.cost_multiple)} times"
            )
        if least.after_deferred is not None and low - loss * self.year.later < least.after_deferred:
            left = money(low - loss * self.year.later, self.currency)
            reasons.append(
                f"after the tax that a lower basis brings later {left} are left, under {money(least.after_deferred, self.currency)}"
            )
        return tuple(reasons)

    def _says(self, chosen: Sequence[Position], days: int | None, turning: Decimal, *, limited: bool) -> str:
        what = f"{plain(total(p.lot.quantity for p in chosen))} {chosen[0].lot.symbol}"
        parts = [f"Sell {what}." if self.on_exchange else f"Move {what} to an exchange and sell there."]
        parts += [NO_MORE] if limited else []
        if self.method == "specific":
            parts.append("Record which lots before the sale: `thresher plan identify`.")
        if days is not None and 0 < days <= NEAR_LONG.days:
            until = (self.year.today + timedelta(days=days)).isoformat()
            costs = f"; from then on it saves {money(turning, self.currency)} less" if turning > 0 else ""
            parts.append(f"The loss is short term until the day before {until}{costs}.")
        return " ".join(parts)


def _limited(sale: Sale, largest: Sale) -> bool:
    """More could be lost, and would save nothing."""
    return sale.lost.both < largest.lost.both and largest.saved <= sale.saved


def _certainty(chosen: Sequence[Position]) -> Certainty:
    """proven: clean lots, a price that two sources or the holder gave. low: flagged lots, or a price by peg alone."""
    price = chosen[0].price
    assert price is not None
    if any(p.lot.flags for p in chosen) or price.sources[0].startswith("peg:"):
        return "low"
    return "proven" if len(price.sources) > 1 or price.sources == ("import",) else "estimated"
