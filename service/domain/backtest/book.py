"""One group of coins under one rule of harvesting: its movements as they were, and at the end of each day the sales that the rule asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from service.domain import ledger
from service.domain.backtest.days import Days, coins_of
from service.domain.backtest.line import Part, dearest, deepest, line
from service.domain.backtest.values import Harvest, Past, Policy, PoolKey, Terms
from service.domain.ledger import Group, Method
from service.domain.money import ZERO, exact
from service.domain.movements import More, Movement, iso_day
from service.domain.statements import LotChoice

_TAKES_NO_ORDER = More(is_fee=True)
"""What the holder identified is for their own sales: a harvest takes nothing of it, as a fee does not."""


class _Look(NamedTuple):
    """At the end of a day."""

    day: int
    at: int
    share: Fraction
    """Of the basis, that must be lost."""
    is_sweep: bool


@dataclass(slots=True)
class _Watch:
    """What is known of a pool and of an account that can sell from it, so that most days cost one comparison. What had no harvest at a price has
    none at a higher one, until something moves or another method begins."""

    method: Method
    dearest: int | None = None
    """No lot cost more by unit; None: it has to be looked up."""
    none_at: int | None = None


class Book:
    """One group of coins under one policy."""

    def __init__(self, past: Past, movements: Sequence[Movement], policy: Policy, terms: Terms, days: Days) -> None:
        self.movements, self.policy, self.terms, self.days = movements, policy, terms, days
        self.prices = {coin: past.prices[coin] for coin in sorted(coins_of(movements)) if coin in past.prices}
        self.selections = {"": (), **past.said.selections}  # never empty: the engine asks for selections where there is one
        chooses = any(method == "specific" for _, methods in past.said.methods.values() for method in methods)
        self.group = Group(replace(past.said, selections=self.selections) if chooses else past.said, past.places)
        self.places, self.one = past.places, 10**past.places
        self.harvests: list[Harvest] = []
        self.watched: dict[PoolKey, dict[str, _Watch]] = defaultdict(dict)
        """By pool, and by the account that would sell."""

    def run(self) -> Book:
        left = iter(self.movements)
        movement = self._until(left, next(left, None), self.days.begin)
        if self.policy.trigger is None and not self.policy.sweeps:
            self._until(left, movement, self.days.ends[-1])
        else:
            self._harvested(left, movement)
        self.group.close()
        return self

    def _until(self, left: Iterator[Movement], movement: Movement | None, end: int) -> Movement | None:
        """Books what comes before `end`; returns what comes next."""
        while movement is not None and movement.at < end:
            self._pass_time(movement.at)
            self.group.enter(movement)
            self._note(movement)
            movement = next(left, None)
        return movement

    def _harvested(self, left: Iterator[Movement], movement: Movement | None) -> None:
        trigger = None if self.policy.trigger is None else Fraction(self.policy.trigger)
        sweeps = {coin: self.days.sweeps(prices) if self.policy.sweeps else frozenset() for coin, prices in self.prices.items()}
        for day, end in zip(self.days.range, self.days.ends, strict=True):
            movement = self._until(left, movement, end)
            self._pass_time(end - 1)
            for coin, prices in self.prices.items():
                price = prices.get(day)
                if price is None:
                    continue
                if trigger is not None:
                    self._look(_Look(day, end - 1, trigger, is_sweep=False), coin, price)
                if day in sweeps[coin]:
                    self._look(_Look(day, end - 1, self._of_sweep(coin), is_sweep=True), coin, price)

    def _of_sweep(self, coin: str) -> Fraction:
        """The depth at which what a loss saves is the asked multiple of what its value costs: rate × loss ≥ multiple × share × value."""
        least = Fraction(self.terms.costs.trade_share) * Fraction(self.terms.thresholds(coin).cost_multiple)
        return least / (Fraction(self.terms.sweep_rate) + least) if least else Fraction(0)

    def _note(self, m: Movement) -> None:
        """After a movement: what is known of the pools that it touched."""
        for account, coin in _places(m):
            for watched in self.watched.get(("" if self.group.universal else account, coin), {}).values():
                watched.none_at = None
                if m.act == "move":
                    watched.dearest = None
                elif m.act == "acquire" and watched.dearest is not None and m.value is not None:
                    watched.dearest = max(watched.dearest, m.value * self.one // m.quantity)

    def _pass_time(self, at: int) -> None:
        """Before a movement, and at the end of each day: lots may arrive, and a common pool may end."""
        before = (len(self.group.on_the_way), self.group.universal)
        self.group.pass_time(at)
        if before != (len(self.group.on_the_way), self.group.universal):
            self.watched.clear()

    def _look(self, look: _Look, coin: str, price: int) -> None:
        for key in sorted(key for key, pool in self.group.pools.items() if key[1] == coin and pool.lots):
            for account in self._sellers(key):
                if chosen := self._chosen(look, key, account, price):
                    self._sell(look, account, coin, price, chosen)
                    self.watched.pop(key, None)

    def _sellers(self, key: PoolKey) -> list[str]:
        """One pool for all is sold from by every account that holds something."""
        return [key[0]] if key[0] else sorted(account for (account, coin), units in self.group.held.items() if coin == key[1] and units > 0)

    def _chosen(self, look: _Look, key: PoolKey, account: str, price: int) -> list[Part]:
        """What to sell; nothing without a look where it is known that there is nothing."""
        method, pool, share = self.group.choices.method(account, look.at), self.group.pools[key], look.share
        watched = self.watched[key].get(account)
        if watched is None or watched.method != method:
            watched = self.watched[key][account] = _Watch(method)
        if watched.dearest is None:
            watched.dearest = dearest(pool)
        if price * share.denominator > watched.dearest * (share.denominator - share.numerator):
            return []
        if not look.is_sweep and watched.none_at is not None and price >= watched.none_at:
            return []
        held = line(pool, method, price, self.one, self._most(key, account))
        chosen = self._worth(deepest(held, share, method), account, key[1], price, is_sweep=look.is_sweep)
        if not chosen:
            watched.dearest = dearest(pool)
            watched.none_at = watched.none_at if look.is_sweep else price
        return chosen

    def _most(self, key: PoolKey, account: str) -> int:
        """Units that the account can sell: of a pool of its own all lots, also where more left it than came in; of one for all what it holds."""
        beyond = self.group.short.get(key, 0) if key[0] else 0
        return self.group.held.get((account, key[1]), 0) + beyond

    def _worth(self, chosen: list[Part], account: str, coin: str, price: int, *, is_sweep: bool) -> list[Part]:
        """The same, or nothing where it loses too little."""
        lost = ledger.amount(sum(part.lost for part in chosen))
        least = self.terms.thresholds(coin)
        if lost <= 0 or lost < least.loss:
            return []
        costs = self._costs(account, ledger.amount(price * sum(part.quantity for part in chosen) // self.one))
        with exact():
            saved = self.terms.sweep_rate * lost
            return [] if is_sweep and (not saved or saved < least.cost_multiple * costs) else chosen

    def _costs(self, account: str, value: Decimal) -> Decimal:
        with exact():
            return self.terms.costs.trade_share * value + (ZERO if self.terms.movable(account) else self.terms.costs.move)

    def _sell(self, look: _Look, account: str, coin: str, price: int, chosen: Sequence[Part]) -> None:
        """And buys back."""
        day, at = look.day, look.at
        quantity = sum(part.quantity for part in chosen)
        value, asset = price * quantity // self.one, chosen[0].asset
        name = f"backtest/{iso_day(day)}/{account}/{coin}{'/sweep' if look.is_sweep else ''}"
        if self.group.choices.method(account, at) == "specific":
            self.selections[name] = tuple(LotChoice(part.lot, ledger.amount(part.quantity, self.places)) for part in chosen)
        known = len(self.group.matches)
        self.group.enter(Movement("dispose", at, name, account, coin, asset, quantity, value, 0, _TAKES_NO_ORDER))
        self.group.enter(Movement("acquire", at, name, account, coin, asset, quantity, value))
        short = long = 0
        for m in self.group.matches[known:]:
            assert m.proceeds is not None
            assert m.basis is not None, "a lot of unknown cost is never harvested"
            gain = m.proceeds - m.basis
            short, long = (short, long + gain) if m.long else (short + gain, long)
        costs = self._costs(account, ledger.amount(value))
        self.harvests.append(Harvest(day, account, coin, len(self.group.matches) - known, quantity, value, short, long, costs))


def _places(m: Movement) -> set[PoolKey]:
    """Account and coin of everything that a movement touches."""
    return {(m.account, m.coin), (m.more.to_account or m.account, m.more.to_coin or m.coin)}
