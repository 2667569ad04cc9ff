"""At which prices something changes, so that a tick of prices costs comparisons only.

Worked example. 1 ETH for 3,000, a fifth to be lost before it is worth a word: above 2,400 nothing can be, whatever the year. So the ladder keeps
"quiet above 2,400", and a tick at 2,650 is one comparison. At 2,390 the subject is given back, is evaluated anew, and an alert opens. It stands until
less than 16 percent are lost and speaks again when half as much more is saved, so the ladder then keeps a span around the price within which
neither happens.

It rests on one property of the harvest stage (service.domain.harvest.case): what is worth a word, or keeps an alert open, does so at every lower
price. Prices are compared as floats. Rounding keeps their order, so a price within a span in floats is within it: a span only ever says
"nothing changes", everything else is evaluated exactly.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Literal, NamedTuple

from service.domain.harvest import Case, HarvestSettings, Thresholds, Year
from service.domain.methods import Lot, ordered
from service.domain.money import ZERO, exact
from service.domain.statements import MethodName
from service.domain.valuation import Position, Price, value

NEVER, ALWAYS = float("-inf"), float("inf")
"""Ends of a span: nothing changes at any lower, at any higher price."""
STEPS = tuple(Decimal(step) for step in ("0.1", "0.02", "0.004"))
"""Shares of the price by which a span is tried to reach out, the widest first."""
DOWN = Context(prec=15, rounding=ROUND_DOWN)
"""A rung is told to so many digits, never above where it is."""
HALVINGS = 40
"""Of the way between a price that is worth a word and one that is not."""


class Span(NamedTuple):
    """Nothing changes while the price is above `low` and the highest of the prices that agree is below `high`; None: no end."""

    low: Decimal | None
    high: Decimal | None


class Rungs(NamedTuple):
    """A subject's two prices; None: there is none."""

    fires: Decimal | None
    """At and below it there is something to say, above it there is not."""
    ends: Decimal | None
    """At and below it an open alert stands, above it is over."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What one account holds of one coin, and all that decides on it but the price. To be used within `exact()`."""

    lots: Sequence[Lot]
    method: MethodName
    settings: HarvestSettings
    year: Year
    on_exchange: bool

    @property
    def least(self) -> Thresholds:
        return self.settings.of(self.lots[0].coin)

    @property
    def kept(self) -> Thresholds:
        """What an alert that is open must meet."""
        return self.least.loosened(1 - self.settings.hysteresis)

    @property
    def is_ordered(self) -> bool:
        """Whether lower prices are never worth less: not where what is left after later tax is asked, which a deeper loss can lower."""
        return self.least.after_deferred is None

    def highest(self, least: Thresholds) -> Decimal:
        """Above this price no sale can meet the thresholds of loss and of its share, whatever it saves."""
        share = ZERO if self.year.days_left <= self.least.deadline else least.loss_share
        return highest(self.lots, self.method, least.loss, share)


class Prices:
    """A subject at one price after another: terms are worked out once. Only the loss of a gift has a term of its own."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._held = self._valued(Decimal(1)) if all(lot.fair is None for lot in subject.lots) else None

    def _valued(self, price: Decimal) -> list[Position]:
        of = self._subject
        return value(of.lots, {of.lots[0].coin: self._agreed(price)}, of.year.now, of.year.zone)

    def _agreed(self, price: Decimal) -> Price:
        return Price(self._subject.lots[0].coin, price, self._subject.year.now, ("ladder",), price, price)

    def at(self, price: Decimal) -> Case:
        """The case when all sources agree on a price."""
        of, agreed = self._subject, self._agreed(price)
        if self._held is None:
            held = self._valued(price)
        else:
            worths = [price * p.lot.quantity for p in self._held]
            held = [
                Position(p.lot, p.term, p.long_from, agreed, worth, p.lot.gain(worth)) for p, worth in zip(self._held, worths, strict=True)
            ]
        return Case(held, of.method, of.settings, of.year, on_exchange=of.on_exchange, currency="")

    def level(self, price: Decimal) -> Literal["worth", "keeps", "blocked"]:
        found = self.at(price).standing()
        return found.level if found else "blocked"


def highest(lots: Sequence[Lot], method: MethodName, loss: Decimal, share: Decimal) -> Decimal:
    """Above this price no sale in the method's order loses so much money and such a share of its basis.

    Of the first lots, with basis B and quantity Q, so much is lost at (B − loss) ÷ Q and at (1 − share) × B ÷ Q; within a lot both are greatest at
    one of its ends. An unknown basis is none.
    """
    line = ordered(list(lots), "hifo" if method == "specific" else method) if len(lots) > 1 else lots
    basis = quantity = by_loss = by_share = ZERO
    for lot in line:
        basis += lot.basis or ZERO
        quantity += lot.quantity
        by_loss = max(by_loss, (basis - loss) / quantity)
        by_share = max(by_share, basis / quantity)
    return min(by_loss, by_share * (1 - share))


def rungs(subject: Subject) -> Rungs:
    """Both prices of a subject, as near as `HALVINGS` bring them. By the one property they exist, and all prices below are alike."""
    with exact():
        prices = Prices(subject)
        return Rungs(
            _last(lambda price: prices.level(price) == "worth", subject.highest(subject.least)),
            _last(lambda price: prices.level(price) != "blocked", subject.highest(subject.kept)),
        )


def _last(holds: Callable[[Decimal], bool], highest: Decimal) -> Decimal | None:
    """The greatest price at which it holds; it does not above `highest`."""
    if highest <= 0:
        return None
    if holds(nearly := DOWN.plus(highest)):
        return nearly
    low, high = ZERO, nearly
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return DOWN.plus(low) or None


# ------------------------------------------------------------------ spans


def span(subject: Subject, price: Price, *, fires: bool, ends: bool, worse_at: Decimal | None = None) -> Span:
    """Around a price, where nothing changes that is asked for.

    `fires`: that something becomes worth a word. `ends`: that an open alert is over. `worse_at`: that so much could be saved, net.
    """
    with exact():
        prices = Prices(subject)
        low = _quiet_above(subject, prices, price) if fires else None
        if worse_at is not None:
            found = next((p for p in _lower(price) if prices.at(p).most() < worse_at), price.price)
            low = found if low is None else max(low, found)
        return Span(low, _stands_below(subject, prices, price) if ends else None)


def _quiet_above(subject: Subject, prices: Prices, price: Price) -> Decimal:
    bound = subject.highest(subject.least)
    if price.price > bound or not subject.is_ordered:
        return bound
    return next((p for p in _lower(price) if prices.level(p) != "worth"), price.price)


def _stands_below(subject: Subject, prices: Prices, price: Price) -> Decimal:
    if not subject.is_ordered:
        return price.high
    tried = [DOWN.plus(subject.highest(subject.kept)), *(price.high * (1 + step) for step in STEPS)]
    return next((p for p in tried if p > price.high and prices.level(p) != "blocked"), price.high)


def _lower(price: Price) -> list[Decimal]:
    return [price.price * (1 - step) for step in STEPS]


class _Coin:
    """The spans of one coin, and the innermost of their ends."""

    __slots__ = ("highest_low", "highs", "lowest_high", "lows", "places")

    def __init__(self) -> None:
        self.lows, self.highs, self.places = array("d"), array("d"), array("q")
        self.highest_low, self.lowest_high = NEVER, ALWAYS

    def look(self) -> None:
        self.highest_low, self.lowest_high = max(self.lows), min(self.highs)


class Ladder:
    """Spans of any number of subjects of any number of portfolios: 24 bytes each, and 16 to find it again."""

    def __init__(self) -> None:
        self._coins: dict[str, _Coin] = {}
        self._at: list[_Coin] = []
        self._row = array("q")

    def __len__(self) -> int:
        return len(self._at)

    def add(self, coin: str, found: Span) -> int:
        """The place of a new subject; places count from 0."""
        of = self._coins.setdefault(coin, _Coin())
        place = len(self._at)
        self._at.append(of)
        self._row.append(len(of.places))
        low, high = _floats(found)
        of.lows.append(low)
        of.highs.append(high)
        of.places.append(place)
        of.highest_low, of.lowest_high = max(of.highest_low, low), min(of.lowest_high, high)
        return place

    def settle(self, place: int, found: Span) -> None:
        """After it was evaluated anew."""
        of, row = self._at[place], self._row[place]
        of.lows[row], of.highs[row] = _floats(found)
        of.look()

    def tick(self, prices: Mapping[str, Price]) -> list[int]:
        """Places of the subjects whose price has left its span; they come again until they are settled. A coin without a price is left out."""
        crossed: list[int] = []
        for coin, price in prices.items():
            of = self._coins.get(coin)
            if of is None:
                continue
            middle, high = float(price.price), float(price.high)
            if middle > of.highest_low and high < of.lowest_high:
                continue
            ends = zip(of.lows, of.highs, of.places, strict=True)
            crossed += [place for low, top, place in ends if middle <= low or high >= top]
        return crossed


def _floats(found: Span) -> tuple[float, float]:
    return NEVER if found.low is None else float(found.low), ALWAYS if found.high is None else float(found.high)
