"""What is stored, valued now: what an evaluation rests on, and what `lots`, `harvest` and the pages read. Asks nothing of the outside."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connectors.contract import Quote
from service.app.ports import Account, App, Portfolio, Refused
from service.app.sources import PORTFOLIO
from service.domain import harvest, tax, valuation
from service.domain.assets import Coin
from service.domain.harvest import Opportunity
from service.domain.issues import Issue, IssueKind
from service.domain.methods import Lot
from service.domain.money import ZERO, exact, total
from service.domain.rules import Rules, local_date
from service.domain.statements import MethodName, Statements, gathered
from service.domain.tax import Realised
from service.domain.valuation import Position, Price

_ZONES = timedelta(days=1)
"""No time zone is farther from UTC: a year of any zone lies within the year of UTC and this much on either side."""


@dataclass(frozen=True, slots=True)
class View:
    """Everything that an evaluation rests on; `harvest` and `lots` read the same."""

    now: datetime
    portfolio: Portfolio
    accounts: tuple[Account, ...]
    statements: Statements
    ledger: str
    """Id of the ledger that this rests on."""
    lots: tuple[Lot, ...]
    year: int
    """The tax year of now, in the holder's zone."""
    rules: Rules | None
    """None: no file has figures of the year. What is held and what it is worth is known all the same; what a loss saves is not."""
    prices: dict[str, Price]
    positions: tuple[Position, ...]
    realised: Realised
    unknown_disposals: int
    issues: tuple[Issue, ...]

    def method_of(self, account: str) -> MethodName:
        return self.statements.method(account, local_date(self.now, self.portfolio.profile.time_zone))

    def movable(self, account: str) -> bool:
        """True where a sale needs no move first."""
        return any(a.id == account and a.kind == "exchange" for a in self.accounts)


async def view(app: App) -> View:
    """What is stored, valued now; asks nothing of the outside."""
    now = app.now()
    portfolio = await app.store.portfolio(PORTFOLIO)
    ledger = await app.store.ledger_id(PORTFOLIO)
    lots = await app.store.lots(PORTFOLIO)
    year = local_date(now, portfolio.profile.time_zone).year
    newest = await app.store.newest_quotes(held(lots), portfolio.currency, now + valuation.CLOCK_SKEW)
    prices, issues = agreed(app, {lot.coin: lot.symbol for lot in lots}, newest, now)
    rules, missing = _rules(app, portfolio, year)
    positions = await asyncio.to_thread(valuation.value, lots, prices, now, portfolio.profile.time_zone)
    around = (datetime(year, 1, 1, tzinfo=UTC) - _ZONES, datetime(year + 1, 1, 1, tzinfo=UTC) + _ZONES)
    realised, unknown = tax.year_result(await app.store.disposals(PORTFOLIO, *around), year, portfolio.profile.time_zone)
    return View(
        now=now,
        portfolio=portfolio,
        accounts=tuple(await app.store.accounts(PORTFOLIO)),
        statements=gathered(await app.store.statements(PORTFOLIO)),
        ledger=ledger,
        lots=tuple(lots),
        year=year,
        rules=rules,
        prices=prices,
        positions=tuple(positions),
        realised=realised,
        unknown_disposals=unknown,
        issues=(*issues, *missing),
    )


def _rules(app: App, portfolio: Portfolio, year: int) -> tuple[Rules | None, list[Issue]]:
    try:
        return app.rules_of(year, portfolio.profile.filing_status), []
    except Refused as why:
        place = portfolio.profile.jurisdiction
        says = f"No opinion on what a loss saves in {year}, alerts stay as they are: {why}."
        remedy = f"Update thresher, or write a [{year}] table into rules/{place}.toml in the configuration folder."
        return None, [Issue(IssueKind.MISSING_RULES, "error", f"{place}-{year}", says, remedy)]


def opportunities(seen: View) -> list[Opportunity]:
    """What is worth selling, and what is not and why; nothing without the rules of the year. Pure."""
    if seen.rules is None:
        return []
    return harvest.assess(
        seen.positions,
        seen.method_of,
        seen.portfolio.harvest,
        seen.portfolio.profile,
        seen.rules,
        seen.realised,
        seen.now,
        movable=seen.movable,
        currency=seen.portfolio.currency,
    )


def together(seen: View, found: Sequence[Opportunity]) -> Decimal | None:
    """What all that are worth a word would save if all were taken: one computation of the year, less the costs.

    Not the sum of the single savings: the limit on losses is used up once. None without the rules of the year.
    """
    if seen.rules is None:
        return None
    worth = [o for o in found if not o.blocked_by]
    if not worth:
        return ZERO
    year = tax.year_of(seen.portfolio.profile, seen.rules, seen.realised)
    saved = tax.saving(
        year, total(o.short_loss for o in worth), total(o.long_loss for o in worth), total(o.collectible_loss for o in worth)
    )
    with exact():
        return saved - total(o.costs for o in worth)


def silent(seen: View, found: Sequence[Opportunity]) -> frozenset[str]:
    """Subjects ("account coin") without an opinion now: their alerts neither fire nor die.

    No price, no rules of the year, or a lot of unknown basis before one that loses; what can be reached before that lot and is
    worth a word (`found`) is an opinion all the same.
    """
    worth = {f"{o.account} {o.coin}" for o in found if not o.blocked_by}
    by: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for position in seen.positions:
        by[position.lot.account, position.lot.coin].append(position)
    return frozenset(
        f"{account} {coin}"
        for (account, coin), lots in by.items()
        if seen.rules is None
        or any(p.price is None for p in lots)
        or (f"{account} {coin}" not in worth and harvest.hidden(lots, seen.method_of(account)))
    )


def held(lots: Iterable[Lot]) -> list[str]:
    return sorted({lot.coin for lot in lots})


def agreed(app: App, symbols: Mapping[str, str], newest: Sequence[Quote], now: datetime) -> tuple[dict[str, Price], list[Issue]]:
    """What coins (canonical id → symbol) are worth now, and why some have no price."""
    prices: dict[str, Price] = {}
    issues: list[Issue] = []
    coins = {coin.id: coin for coin in app.assets.coins()}
    quotes: dict[str, list[Quote]] = defaultdict(list)
    for quote in newest:
        quotes[quote.asset].append(quote)
    for name, symbol in sorted(symbols.items()):
        if name not in coins and name not in quotes:  # in no table, named once by reconcile: only the holder can give it a price
            continue
        price, found = valuation.agree(
            quotes[name],
            coins.get(name) or Coin(name, symbol, "coin", known=False),
            now,
            max_age=timedelta(minutes=app.settings.price_max_age_minutes),
            import_max_age=timedelta(hours=app.settings.price_import_max_age_hours),
            max_spread=Decimal(app.settings.price_max_spread),
        )
        issues += found
        if price is not None:
            prices[name] = price
    return prices, issues
