"""Priced events → movements: what the ledger books, one coin at a time. What an event means for tax is decided here and nowhere else.

Worked example. 1 ETH swapped for 0.05 BTC worth 3,000, fee 0.001 BNB worth 3: ETH is disposed of (value 3,000, of which the fee takes 3:
proceeds 2,997), BTC is acquired with a basis of 3,000, and 0.001 BNB is disposed of for 3 as "<id>/fee". Three coins, three
movements, and no coin's lots depend on another's: each coin (with those that it was renamed to) is a ledger of its own.

Everything is an int here. Quantities count units of 10^-places, one number of places for all movements of a group of coins; money counts
10^-30 of the portfolio's currency; times are microseconds since 1970 UTC. None is unknown, never zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from service.domain.money import EXACT, plain
from service.domain.reconcile import Amount, Event, Kind

Act = Literal["acquire", "dispose", "leave", "move"]
"""acquire: a new lot. dispose: a taxed disposal. leave: units go without gain or loss (gift, withdrawal, loss). move: between accounts,
or from one name of a coin to another, with basis and date."""

MONEY_PLACES = 30
PLACES = 18
"""Places of a quantity where no amount of the group is finer."""
_NO_COIN: Mapping[str, str] = {}
_new = tuple.__new__
"""A NamedTuple in one step: a long history makes half a million of them."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FIRST_DAY = EPOCH.toordinal()
_TWO = tuple(f"{n:02}" for n in range(60))


class More(NamedTuple):
    """What few movements have."""

    acquired_at: int | None = None
    """acquire: held since (a donor's date, a stated one); None is the movement's own time."""
    fair: int | None = None
    """acquire, of a gift: fair value of the whole at the gift; a loss is measured from it (IRC 1015(a))."""
    unknown: str = ""
    """acquire: flag of the lot where `value` is None: missing_basis or unpriced."""
    income: bool = False
    """acquire: `value` is ordinary income of its year."""
    to_account: str = ""
    """move."""
    to_coin: str = ""
    """move: where it differs from `coin` (a rename, a wrap)."""
    received: int | None = None
    """move: units that arrive, where they are counted otherwise than those that left (a wrap that is not one to one)."""
    arrives_at: int | None = None
    """move: when it is there, where that is later; in between its lots lie in neither account."""
    is_fee: bool = False
    """dispose: paid as a fee. Takes nothing of what the holder identified for a sale."""
    kind: str = ""
    """leave: the event's kind, for the report (gift_out, withdrawal, lost, worthless). acquire: "gift_in" of a gift."""
    worth: int | None = None
    """acquire, of a gift: fair value of the whole at the gift, whatever it cost the donor; where the law takes it as the cost."""
    also: str = ""
    """What `id` would be if the other row of a transfer named it; a word about either row is one about the event. Empty: one row."""
    after: str = ""
    """leave, move of a row that sends several times: how much of the coin it has sent before, a plain decimal. Empty: nothing."""


NOTHING = More()


class Movement(NamedTuple):
    act: Act
    at: int
    id: str
    """acquire: the lot's id. dispose: the disposal's ("<event>/fee" for a fee). Else the event's."""
    account: str
    coin: str
    """Canonical id."""
    asset: str
    """Where it lies (acquire), where it arrives (move), as its source calls it."""
    quantity: int
    value: int | None = None
    """acquire: basis. dispose: fair value of what was given, before fees."""
    fee: int = 0
    """dispose: value of the fees that lower its proceeds."""
    more: More = NOTHING


class Part(NamedTuple):
    """One coin on one side of an event; money is left out."""

    coin: str
    asset: str
    quantity: int
    value: int | None = None


def ticks(at: datetime) -> int:
    return (at - EPOCH) // _TICK


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _FIRST_DAY


def calendar_day(number: int) -> date:
    return date.fromordinal(number + _FIRST_DAY)


@lru_cache(maxsize=40_000)
def iso_day(number: int) -> str:
    """YYYY-MM-DD."""
    return calendar_day(number).isoformat()


def stamp(at: int) -> str:
    """YYYY-MM-DDThh:mm:ssZ, with a fraction where there is one."""
    second, part = divmod(at, 1_000_000)
    day, second = divmod(second, 86_400)
    fraction = f".{part:06}".rstrip("0") if part else ""
    return f"{iso_day(day)}T{_TWO[second // 3_600]}:{_TWO[second // 60 % 60]}:{_TWO[second % 60]}{fraction}Z"


def units(quantity: Decimal, places: int) -> int:
    """The quantity in units of 10^-places. Raises ValueError for one that is finer."""
    scaled = quantity.scaleb(places, EXACT)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{quantity} has more than {places} places")
    return whole


def places_of(quantities: Iterable[Decimal]) -> int:
    """The places that hold all of them exactly, at least PLACES."""
    return max([PLACES, *(-int(q.normalize(EXACT).as_tuple().exponent) for q in quantities)])


def money(value: Decimal) -> int:
    """In units of 10^-30; what is finer is rounded half even, once, where a value enters."""
    return int(value.scaleb(MONEY_PLACES, EXACT).to_integral_value(ROUND_HALF_EVEN, EXACT))


def decimal(count: int, places: int = MONEY_PLACES) -> Decimal:
    return Decimal(count).scaleb(-places, EXACT)


def text(count: int, places: int = PLACES) -> str:
    """The plain decimal of a count of 10^-places, as money.plain writes it. Without a Decimal on the way: a long history has a million of them."""
    if count < 0:
        return f"-{text(-count, places)}"
    one = _one(places)
    whole, rest = divmod(count, one)
    return f"{whole}.{str(one + rest)[1:].rstrip('0')}" if rest else str(whole)


@cache
def _one(places: int) -> int:
    return int(10**places)


def groups_of(coins: Iterable[str], renames: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Coin → name of its group (its least coin): coins are of one group where a movement carries lots of one to the other."""
    name = {coin: coin for coin in coins}

    def root(coin: str) -> str:
        name.setdefault(coin, coin)
        while name[coin] != coin:
            coin = name[coin]
        return coin

    for one, other in renames:
        least, greater = sorted((root(one), root(other)))
        name[greater] = least
    return {coin: root(coin) for coin in sorted(name)}


# ------------------------------------------------------------------ events


def traded(id: str, at: int, account: str, sent: Sequence[Part], received: Sequence[Part], fee: int | None) -> list[Movement]:
    """buy, sell, swap, spend. `fee`: value of all fees, in money or coins; it lowers the proceeds of what is given, and raises the basis of
    what is bought with money (26 CFR 1.1012-1(h), 1.1001-7: the costs of a swap fall on the disposal)."""
    found = []
    for n, part in enumerate(sent):
        cost = _share_of_fee(fee, sent, n)
        value = None if cost is None else part.value
        found.append(_new(Movement, ("dispose", at, id, account, part.coin, part.asset, part.quantity, value, cost or 0, NOTHING)))
    for n, part in enumerate(received):
        added = 0 if sent else _share_of_fee(fee, received, n)
        basis = None if added is None or part.value is None else part.value + added
        more = NOTHING if basis is not None else More(unknown="unpriced")
        found.append(_new(Movement, ("acquire", at, _named(id, n), account, part.coin, part.asset, part.quantity, basis, 0, more)))
    return found


def earned(id: str, at: int, account: str, received: Sequence[Part]) -> list[Movement]:
    """Ordinary income at fair value, which is the basis (Rev. Rul. 2019-24, 2023-14)."""
    return [
        Movement(
            "acquire", at, _named(id, n), account, p.coin, p.asset, p.quantity, p.value, 0, _UNPRICED_INCOME if p.value is None else _INCOME
        )
        for n, p in enumerate(received)
    ]


_INCOME = More(income=True)
_UNPRICED_INCOME = More(income=True, unknown="unpriced")


def came(
    id: str, at: int, account: str, received: Sequence[Part], basis: int | None, acquired_at: int | None, *, is_gift: bool = False
) -> list[Movement]:
    """deposit, gift_in, fork: cost and date as the holder states them; else unknown, held since the receipt.

    A gift keeps its fair value too (Part.value): a loss is measured from it.
    """
    found = []
    for n, part in enumerate(received):
        own = basis if len(received) == 1 else None  # one stated cost cannot be split over several coins
        fair = part.value if is_gift and own is not None and part.value is not None and part.value < own else None
        kind, worth = ("gift_in", part.value) if is_gift else ("", None)
        more = More(acquired_at, fair, "" if own is not None else "missing_basis", kind=kind, worth=worth)
        found.append(Movement("acquire", at, _named(id, n), account, part.coin, part.asset, part.quantity, own, 0, more))
    return found


def left(id: str, at: int, account: str, sent: Sequence[Part], kind: str, after: Mapping[str, str] = _NO_COIN) -> list[Movement]:
    """withdrawal, gift_out, lost, worthless: units leave without gain or loss.

    A theft or a coin that became worthless gives an individual no deduction today (IRC 165(h)(5), 67(g); CCA 202302011). `after`: by coin.
    """
    return [
        Movement("leave", at, id, account, p.coin, p.asset, p.quantity, None, 0, More(kind=kind, after=after.get(p.coin, ""))) for p in sent
    ]


def moved(
    id: str,
    at: int,
    account: str,
    to_account: str,
    sent: Sequence[Part],
    received: Sequence[Part],
    arrives_at: int | None,
    also: str = "",
    after: Mapping[str, str] = _NO_COIN,
) -> list[Movement]:
    """transfer, rename, wrap, bridge: basis and date go along. `also`: the other row's id; `after`: by coin."""
    found = []
    for out, into in zip(sent, received, strict=True):
        more = More(
            to_account=to_account,
            to_coin=into.coin if into.coin != out.coin else "",
            received=into.quantity if into.quantity != out.quantity else None,
            arrives_at=arrives_at,
            also=also,
            after=after.get(out.coin, ""),
        )
        found.append(Movement("move", at, id, account, out.coin, into.asset, out.quantity, None, 0, more))
    return found


def paid(id: str, at: int, account: str, fees: Sequence[Part], also: str = "") -> list[Movement]:
    """A fee in a coin is a disposal of its own at its fair value: "<id>/fee", and "<id>/fee/2" where a second coin was paid too."""
    found = []
    for n, p in enumerate(fees):
        more = More(is_fee=True, also=_named(f"{also}/fee", n)) if also else _FEE
        found.append(_new(Movement, ("dispose", at, _named(f"{id}/fee", n), account, p.coin, p.asset, p.quantity, p.value, 0, more)))
    return found


_FEE = More(is_fee=True)


_PART = re.compile(r"(/fee)?(/[0-9]+)?$")


def event_of(id: str) -> str:
    """The event of a movement's id: "e7/fee", "e7/fee/2" and "e7/2" → "e7". An event may itself be called "e7/2": ask for that first."""
    return _PART.sub("", id)


def called(movements: Iterable[Movement], id: str) -> str:
    """The id that a movement bears whose rows a person calls by `id`: itself, where one bears it; else that of the other row; else itself.

    The receiving half of a transfer that a file states ("e7/in") is a row of its own, and its movement is the whole's.
    """
    other, whole = "", id.removesuffix("/in")
    for m in movements:
        if m.id == id:
            return id
        if m.more.also == id or m.id == whole:
            other = m.id
    return other or id


_ONE_OF_SEVERAL = re.compile(r"/(rest|[0-9]+)$")


def of_whole_row(id: str) -> str:
    """The row whose sending is told as several events: "e7/rest" and "e7/2" → "e7"."""
    return _ONE_OF_SEVERAL.sub("", id)


def _named(id: str, place: int) -> str:
    return id if place == 0 else f"{id}/{place + 1}"


def _share_of_fee(fee: int | None, parts: Sequence[Part], place: int) -> int | None:
    """The part of the fee that falls on one of several coins, by value; the last takes what is left; unknown where anything is unknown."""
    if not fee:
        return fee
    if len(parts) == 1:
        return None if parts[place].value is None else fee
    weights = [p.value for p in parts]
    known = [w for w in weights if w is not None]
    if len(known) < len(weights):
        return None
    left, weight_left = fee, sum(known)
    for n, weight in enumerate(known):
        part = left if n == len(known) - 1 else left * weight // weight_left if weight_left else 0
        if n == place:
            return part
        left, weight_left = left - part, weight_left - weight
    raise AssertionError


# ------------------------------------------------------------------ one event


def of_event(event: Event, places: int | Mapping[str, int] = PLACES) -> list[Movement]:
    """A priced event's movements in the order in which the ledger books them: the main one, then the fees; a transfer pays its fees first.

    `places`: of every quantity, or by coin (PLACES where it names none). Money has no lots: it is left out. Raises ValueError for a
    quantity that is finer than its places.
    """
    at, kind, account = ticks(event.at), event.kind, event.account
    fees = paid(event.id, at, account, _parts(event.fees, event.fee_values, places), event.also) if event.fees else []
    if kind is Kind.TRANSFER:
        return fees + _carried(event, at, places)
    sent = _parts(event.sent, event.sent_values, places) if event.sent else ()
    received = _parts(event.received, event.received_values, places) if event.received else ()
    if kind in _TRADES:
        main = traded(event.id, at, account, sent, received, _fee_of(event))
    elif kind is Kind.INCOME:
        main = earned(event.id, at, account, received)
    elif kind in _ARRIVALS:
        basis = None if event.basis is None else money(event.basis)
        since = None if event.acquired_at is None else ticks(event.acquired_at)
        main = came(event.id, at, account, received, basis, since, is_gift=kind is Kind.GIFT_IN)
    elif kind in _DEPARTURES:
        main = left(event.id, at, account, sent, kind.value, _after(event))
    else:
        main = []
    return main + fees


_TRADES = frozenset({Kind.BUY, Kind.SELL, Kind.SWAP, Kind.SPEND})
_ARRIVALS = frozenset({Kind.DEPOSIT, Kind.GIFT_IN, Kind.FORK})
_DEPARTURES = frozenset({Kind.WITHDRAWAL, Kind.GIFT_OUT, Kind.LOST, Kind.WORTHLESS})


def _carried(event: Event, at: int, places: int | Mapping[str, int]) -> list[Movement]:
    coins = [pair for pair in zip(event.sent, event.received, strict=True) if all(a.coin.kind != "fiat" for a in pair)]
    out, into = (_parts([pair[side] for pair in coins], (), places) for side in (0, 1))
    arrives_at = None if event.arrives_at is None else ticks(event.arrives_at)
    return moved(event.id, at, event.account, event.to_account or event.account, out, into, arrives_at, event.also, _after(event))


def _after(event: Event) -> Mapping[str, str]:
    return {coin: plain(quantity) for coin, quantity in event.after} if event.after else _NO_COIN


def _parts(amounts: Sequence[Amount], values: Sequence[Decimal | None], places: int | Mapping[str, int]) -> list[Part]:
    """The coins among the amounts with the value of each; None where it is unknown, or nothing was valued."""
    found = []
    for n, amount in enumerate(amounts):
        coin = amount.coin
        if coin.kind != "fiat":
            value = values[n] if values else None
            own = places if isinstance(places, int) else places.get(coin.id, PLACES)
            found.append(Part(coin.id, amount.asset, units(amount.quantity, own), None if value is None else money(value)))
    return found


def _fee_of(event: Event) -> int | None:
    """Value of all fees, in money and in coins; None where one of them is unknown."""
    if not event.fees:
        return 0
    known = [money(v) for v in event.fee_values if v is not None]
    return sum(known) if len(known) == len(event.fees) else None
