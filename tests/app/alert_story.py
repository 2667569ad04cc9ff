"""The language of tests/stories/alerts: a line is a moment, in a process of its own, with what happens and exactly what is said.

    2026-03-01 12:00 ETH is at 2000: opened, 234.00 USD net

After each line the program is closed and opened again on what it had stored. tests/stories/alerts/README.md has the words.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from connectors.contract import Quote
from service.app import evaluate, holder, outbox, sources, sync
from service.domain.alerts import Message
from tests.app.house import House, Script, house

LINE = re.compile(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d))? (.+?)(?:: (.+))?")
LAST_YEAR = 2026
"""Of which there are figures."""
CODES = {"ETH": "binance:ETH", "BTC": "binance:BTC", "SOL": "binance:SOL"}


@dataclass(frozen=True)
class Moment:
    at: datetime
    happens: tuple[str, ...]
    said: tuple[str, ...]
    """One for each message: its kind, and words that it holds."""


def read(text: str) -> list[Moment]:
    """The lines of a story. Raises ValueError for a line that is none."""
    moments = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"no moment: {line}")
        day, minute, happens, said = found.groups()
        at = datetime.fromisoformat(f"{day}T{minute or '12:00'}").replace(tzinfo=UTC)
        told = () if said in (None, "nothing") else tuple(part.strip() for part in said.split(";"))
        moments.append(Moment(at, tuple(happens.split(" and ")), told))
    return moments


@dataclass
class World:
    """What goes on outside of the program: sources and their rows, and what arrived at the holder's door."""

    folder: Path
    scripts: dict[str, Script] = field(default_factory=dict)
    wallets: set[str] = field(default_factory=set)
    digest: str = ""
    down: str = ""
    arrived: list[Message] = field(default_factory=list)
    rows: int = 0


async def live(world: World, moment: Moment) -> list[Message]:
    """One process: what happens, a sync, a second look at the same, and what arrived meanwhile."""
    async with house(world.folder, world.scripts) as home:
        home.clock.at = moment.at
        home.post.down = world.down
        if not await home.app.store.channels():
            await holder.add_channel(home.app, "json://example.test/hook")
        for what in moment.happens:
            await _happens(world, home, what)
        home.post.down = world.down
        await sync.sync(home.app)
        again = await evaluate.evaluate(home.app)
        assert again.said == (), f"said again: {[m.title for m in again.said]}"
        await outbox.deliver(home.app)
        assert await outbox.deliver(home.app) == 0
        found = [message for _, message in home.post.sent]
    world.arrived += found
    return found


async def _happens(world: World, home: House, what: str) -> None:
    for pattern, act in WORDS:
        if found := re.fullmatch(pattern, what):
            await act(world, home, *found.groups())
            return
    raise ValueError(f"nobody knows what this is: {what}")


async def _trades(world: World, home: House, *words: str) -> None:
    place, verb, quantity, coin, paid = words
    sign, money = ("", "-") if verb == "buys" else ("-", "")
    await _row(world, home, place, [(CODES[coin], sign + quantity), ("fiat:USD", money + paid)], "trade")


async def _receives(world: World, home: House, place: str, quantity: str, coin: str) -> None:
    await _row(world, home, place, [(CODES[coin], quantity)], "deposit")


async def _sends(world: World, home: House, place: str, quantity: str, coin: str) -> None:
    await _row(world, home, place, [(CODES[coin], f"-{quantity}")], "withdrawal")


async def _row(world: World, home: House, place: str, legs: list[tuple[str, str]], hint: str) -> None:
    world.rows += 1
    script = world.scripts.setdefault(place, Script(page_size=50))
    script.rows.append((f"row{world.rows}", home.clock(), legs, hint))
    if all(account.label != place for account in await home.app.store.accounts()):
        account = await sources.add_other(home.app, "scripted", place, {"token": "t"}, place)
        if place in world.wallets:
            await home.app.store.save_account(replace(account, kind="wallet"))


async def _price(world: World, home: House, coin: str, price: str) -> None:
    del world
    await home.price(**{coin: price})


async def _two_prices(world: World, home: House, coin: str, one: str, other: str) -> None:
    del world
    named = home.app.assets.find(coin)
    assert named is not None
    quotes = [Quote(named.id, "USD", Decimal(p), home.clock(), s, "instant") for p, s in ((one, "binance"), (other, "kraken"))]
    await home.app.store.save_quotes(quotes, home.clock())


async def _set(world: World, home: House, name: str, value: str) -> None:
    del world
    await holder.set_profile(home.app, {name: value})


async def _method(world: World, home: House, place: str, method: str) -> None:
    del world
    await holder.set_method(home.app, place, method, date(2020, 1, 1))


async def _alert_of(home: House, coin: str) -> str:
    named = home.app.assets.find(coin)
    assert named is not None
    return next(a.id for a in await home.app.store.alerts() if a.subject.endswith(f" {named.id}") and a.state != "resolved")


async def _acknowledges(world: World, home: House, coin: str) -> None:
    del world
    await holder.acknowledge(home.app, await _alert_of(home, coin))


async def _snoozes(world: World, home: House, coin: str, until: str) -> None:
    del world
    await holder.snooze(home.app, await _alert_of(home, coin), datetime.fromisoformat(until).replace(tzinfo=UTC))


async def _law(world: World, home: House, year: str, limit: str) -> None:
    """Of a year that we have figures of, the limit of those who are single; of another all that one with marginal rates needs."""
    del world
    folder = home.app.settings.config_dir / "rules"
    folder.mkdir(exist_ok=True)
    known = f'[{year}.single]\nloss_limit = "{limit}"\n'
    new = f'[{year}]\nloss_limit = "{limit}"\nloss_limit_separate = "{limit}"\nsources = ["a story"]\n'
    (folder / "us.toml").write_text(known if int(year) <= LAST_YEAR else new, encoding="utf-8")


async def _wallet(world: World, home: House, place: str) -> None:
    del home
    world.wallets.add(place)


async def _door(world: World, home: House, state: str) -> None:
    del home
    world.down = "connection refused" if state == "down" else ""


async def _digest(world: World, home: House, at: str) -> None:
    del world
    (channel,) = await home.app.store.channels()
    await holder.set_digest(home.app, channel.id, at)


async def _nothing(world: World, home: House) -> None:
    del world, home


WORDS: list[tuple[str, Callable[..., Awaitable[None]]]] = [
    (r"(\w+) (buys|sells) (\S+) (\w+) for (\S+)", _trades),
    (r"(\w+) receives (\S+) (\w+)", _receives),
    (r"(\w+) sends (\S+) (\w+) away", _sends),
    (r"(\w+) is at (\d\S*)", _price),
    (r"(\w+) is at (\d\S*) here, (\d\S*) there", _two_prices),
    (r"the holder sets (\S+) to (\S+)", _set),
    (r"(\w+) goes by (\w+)", _method),
    (r"the holder acknowledges (\w+)", _acknowledges),
    (r"the holder snoozes (\w+) until (\S+)", _snoozes),
    (r"the law limits losses of (\d{4}) to (\d+)", _law),
    (r"(\w+) is a wallet", _wallet),
    (r"the door is (down|open)", _door),
    (r"the digest comes at (\d\d:\d\d)", _digest),
    (r"time passes", _nothing),
]
