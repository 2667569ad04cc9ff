"""Realised gains of a history, by any method and scope: straight from a file, or of what is stored. Nothing is written.

Each group of coins is booked by itself: by the engine of lots, or by the rules of a pool (United Kingdom, Canada).
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from service.app import file_halves, pooled
from service.app.halves import in_two
from service.app.refusals import BadLines, Refused
from service.domain import history, ledger, pooling
from service.domain.assets import AssetTable, Coin
from service.domain.issues import Issue, IssueKind
from service.domain.ledger import Choices, Finding, Group, Match, Scope
from service.domain.ledger.choices import Calendar
from service.domain.movements import MONEY_PLACES, PLACES, Movement, stamp, text
from service.domain.reconcile import Event
from service.domain.reports import matches as rows
from service.domain.statements import MethodName, Statements, gathered

if TYPE_CHECKING:
    from service.app.ports import App

PORTFOLIO = "main"
POOLED = ("acb", "section104")
METHODS = (*get_args(MethodName), "average", *POOLED)
LONDON = "Europe/London"
"""Whose days the rules of the United Kingdom count."""


@dataclass(frozen=True, slots=True)
class Past:
    """A history, ready to be booked."""

    groups: Sequence[list[Movement]]
    """Movements of each group of coins, in order."""
    coins: Mapping[str, Coin]
    labels: Mapping[str, str] = field(default_factory=dict)
    """Account → how it is called; one that is not there is called by its id."""
    places: int = PLACES
    statements: Statements = field(default_factory=Statements)
    zone: str = "UTC"
    issues: tuple[tuple[int | None, Issue], ...] = ()
    """Of the rows, before any lot was matched, each with its time where that is known."""
    currency: str = "USD"
    is_stored: bool = False
    """It is what the ledger booked, beside the holder's recorded choices; a file records none."""
    rows: Sequence[history.Row] = ()
    """Of a file, where somebody asks what a match comes from; and what became of those that hang on others."""
    joined: Sequence[Event] = ()

    def symbols(self) -> dict[str, str]:
        return {coin.id: coin.symbol for coin in self.coins.values()}

    def collectible(self) -> frozenset[str]:
        return frozenset(coin.id for coin in self.coins.values() if coin.kind == "nft")


@dataclass(frozen=True, slots=True)
class Asked:
    method: str | None = None
    """One of METHODS; None: the methods in force."""
    scope: Scope | None = None
    """None: as the holder said."""
    year: int | None = None
    """Only disposals and income of this tax year."""
    zone: str | None = None
    """None: the holder's, and London's days for section104."""


class Total(NamedTuple):
    """Of one tax year and term; income has no basis. Money in 10^-30."""

    year: int
    term: str
    """short, long, income"""
    fragments: int
    proceeds: int
    basis: int
    unknown: int
    """How many of them have an amount that is not known: counted, and in no sum."""


ABOUT_TRANSFERS = frozenset({IssueKind.UNMATCHED_WITHDRAWAL, IssueKind.UNMATCHED_DEPOSIT, IssueKind.AMBIGUOUS_TRANSFER})


@dataclass(frozen=True, slots=True)
class Found:
    """What a history comes to. `lines` and matches are in order of time; where only lines were wanted, there are no matches."""

    columns: tuple[str, ...]
    lines: list[str]
    matches: list[Match]
    totals: list[Total]
    issues: list[Issue]
    unknown: int
    """How many matches or incomes have an amount that is not known."""
    asked: Asked
    zone: str
    of_pools: list[pooled.PoolMatch] = field(default_factory=list)
    """By section104 and acb, instead of `matches`."""

    @property
    def is_complete(self) -> bool:
        """Whether every amount is known. Where coins went or came from is another question: `thresher issues` asks it."""
        return not self.unknown and all(issue.kind in ABOUT_TRANSFERS for issue in self.issues)

    def says(self, past: Past) -> str:
        """How they were computed, in words."""
        return f"{self.asked.method or 'methods as chosen'}, {_scope_in_words(self.asked, past)}, days of {self.zone}"


def of_file(
    text: str, table: AssetTable, *, window: timedelta, keep_going: bool = False, keep_rows: bool = False, may_fork: bool = False
) -> tuple[Past, list[history.Problem]]:
    """The history of a neutral CSV, `text`. Raises Refused for lines that cannot be read, unless `keep_going`: then they are told and left out."""
    if may_fork and not keep_rows and (quick := file_halves.booking(text, table, window=window)) is not None:
        return Past(quick.groups(), quick.coins), []
    found, problems = history.read(io.StringIO(text, newline=""))
    if problems and (not keep_going or not found):
        raise BadLines(problems, "mend the file, or leave out what is wrong with --keep-going")
    booking = history.booking(found, table, window=window)
    times = {row.id: row.at for row in found} if booking.issues else {}
    issues = tuple((times.get(issue.subject.partition(" ")[0]), issue) for issue in booking.issues)
    rows, joined = (found, booking.joined) if keep_rows else ((), ())
    return Past(booking.groups(), booking.coins, issues=issues, rows=rows, joined=joined), problems


async def of_store(app: App) -> Past:
    """What is stored, as the ledger booked it."""
    portfolio = await app.store.portfolio(PORTFOLIO)
    known = await app.store.movements(PORTFOLIO)
    by: dict[str, list[Movement]] = defaultdict(list)
    for movement in known.movements:
        by[known.pool_of[movement.coin]].append(movement)
    return Past(
        groups=[by[pool] for pool in sorted(by)],
        coins={coin: app.assets.coin(coin) for coin in known.pool_of},
        labels={account.id: account.label for account in await app.store.accounts(PORTFOLIO)},
        places=known.places,
        statements=gathered(await app.store.statements(PORTFOLIO)),
        zone=portfolio.profile.time_zone,
        currency=portfolio.currency,
        is_stored=True,
    )


def check(asked: Asked) -> None:
    """Raises Refused for an unknown method. Of section104 and acb one pool for all accounts is the law, whatever scope is asked for."""
    if asked.method is not None and asked.method not in METHODS:
        raise Refused("method", f"the methods are {', '.join(METHODS)}")


def gains(past: Past, asked: Asked, *, lines_only: bool = False, totals: bool = True, may_fork: bool = False) -> Found:
    """Raises Refused as `check`. `may_fork`: the process has no threads, and two cores may share the work."""
    check(asked)
    zone = asked.zone or (LONDON if asked.method == "section104" else past.zone)
    if asked.method in POOLED:
        return _pooled(past, asked, zone, keep=not lines_only, may_fork=may_fork)
    words = ledger.choices(past.statements, zone=zone, scope=asked.scope, method=asked.method)  # type: ignore[arg-type]  # checked above
    said = words.settled(m for movements in past.groups for m in movements)
    work = partial(_booked, past=past, said=said, year=asked.year, keep=not lines_only, totals=totals)
    halves = [_Half(*half) for half in in_two(work, past.groups, len)] if may_fork and lines_only else [_Half(*work(past.groups))]
    placed = [line for half in halves for line in half.lines]
    if len(halves) > 1:
        placed.sort()
    symbols, years = past.symbols(), rows.Years(said.calendar)
    findings = [Finding(IssueKind(kind), *rest) for kind, *rest in sorted((f for half in halves for f in half.findings), key=repr)]
    findings = [f._replace(account=past.labels.get(f.account, f.account)) for f in findings if _is_of(asked.year, f.at, years)]
    return Found(
        columns=rows.COLUMNS,
        lines=[one[-1] for one in placed],
        matches=[match for half in halves for match in half.matches],
        totals=_summed(half.totals for half in halves),
        issues=[*_issues(past, asked.year, years), *(ledger.issue(f, past.places, symbols[f.coin]) for f in findings)],
        unknown=sum(half.unknown for half in halves),
        asked=asked,
        zone=zone,
    )


def _issues(past: Past, year: int | None, years: rows.Years) -> list[Issue]:
    return [issue for at, issue in past.issues if _is_of(year, at, years)]


def _is_of(year: int | None, at: int | None, years: rows.Years) -> bool:
    """What is open of another year is no part of the answer; a result of this one that rests on it bears the flag."""
    return year is None or at is None or years[at] == year


class _Half(NamedTuple):
    lines: list[tuple[Any, ...]]
    """(disposed, disposal, acquired, lot, text)."""
    matches: list[Match]
    totals: dict[tuple[int, str], list[int]]
    unknown: int
    findings: list[tuple[Any, ...]]
    """Plain tuples: a fork can send them."""


def _booked(
    groups: Sequence[Sequence[Movement]], *, past: Past, said: Choices, year: int | None, keep: bool, totals: bool
) -> tuple[Any, ...]:
    matches: list[Match] = []
    incomes: list[Movement] = []
    findings: list[Finding] = []
    for movements in groups:
        group = Group(said, past.places)
        group.enter_all(movements)
        group.close()
        matches += group.matches
        incomes += group.incomes
        findings += group.findings
    years = rows.Years(said.calendar)
    if year is not None:
        matches = [m for m in matches if years[m.disposed] == year]
        incomes = [m for m in incomes if years[m.at] == year]
    matches = rows.ordered(matches)
    unknown = sum(m.proceeds is None or m.basis is None for m in matches if m.flags) + sum(m.value is None for m in incomes)
    lines = rows.rows(
        matches,
        symbols=past.symbols(),
        labels=past.labels,
        calendar=said.calendar,
        places=past.places,
        collectible=past.collectible(),
    )
    placed = [(m[5], m[0], -1 if m[4] is None else m[4], m[1], line) for m, line in zip(matches, lines, strict=True)]
    plain_findings = [(str(kind.value), *rest) for kind, *rest in findings]
    return placed, matches if keep else [], _totals(matches, incomes, years) if totals else {}, unknown, plain_findings


def _totals(matches: Iterable[Match], incomes: Iterable[Movement], years: rows.Years) -> dict[tuple[int, str], list[int]]:
    """By year and term: how many, proceeds, basis, how many with something unknown, which are in no sum."""
    found: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for _, _, _, _, _, disposed, _, proceeds, basis, is_long, _ in matches:
        sums = found[years[disposed], "long" if is_long else "short"]
        sums[0] += 1
        if proceeds is None or basis is None:
            sums[3] += 1
        else:
            sums[1] += proceeds
            sums[2] += basis
    for m in incomes:
        sums = found[years[m.at], "income"]
        sums[0] += 1
        sums[1] += m.value or 0
        sums[3] += m.value is None
    return dict(found)


def _summed(parts: Iterable[Mapping[tuple[int, str], Sequence[int]]]) -> list[Total]:
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for part in parts:
        for key, values in part.items():
            sums[key] = [a + b for a, b in zip(sums[key], values, strict=True)]
    order = {"short": 0, "long": 1, "income": 2}
    return [Total(year, term, *values) for (year, term), values in sorted(sums.items(), key=lambda s: (s[0][0], order[s[0][1]]))]


# ------------------------------------------------------------------ the answer


def answer(found: Found, asked: Asked, past: Past) -> dict[str, Any]:
    """The same for JSON and for people: every match (where they were kept), totals by tax year and term, what is open."""
    return {
        "gains": items(found, past),
        "totals": [
            {
                "tax_year": t.year,
                "term": t.term,
                "fragments": t.fragments,
                "proceeds": _money(t.proceeds),
                "basis": None if t.term == "income" else _money(t.basis),
                "gain": None if t.term == "income" else _money(t.proceeds - t.basis),
                "unknown": t.unknown,
            }
            for t in found.totals
        ],
        "issues": [
            {"kind": str(i.kind), "severity": i.severity, "subject": i.subject, "says": i.says, "remedy": i.remedy} for i in found.issues
        ],
        "method": asked.method,
        "scope": asked.scope,
        "zone": found.zone,
        "says": found.says(past),
    }


def items(found: Found, past: Past) -> list[dict[str, Any]]:
    """Every match that was kept, in order; amounts are strings, unknown ones None. Of pools the keys are those of pooled.items."""
    if found.asked.method in POOLED:
        return pooled.items(found.of_pools, zone=found.zone, places=past.places, symbols=past.symbols(), labels=past.labels)
    symbols, collectible, years = past.symbols(), past.collectible(), rows.Years(Calendar(found.zone))
    return [_item(m, past, symbols, years[m.disposed], is_collectible=m.coin in collectible) for m in found.matches]


def _scope_in_words(asked: Asked, past: Past) -> str:
    if asked.method in POOLED or asked.scope == "universal":
        return "one pool for all accounts"
    since = past.statements.account_scope_from
    if asked.scope is None and since is not None:
        return f"one pool for all accounts before {since:%Y-%m-%d}, one for each from then on"
    return "one pool for each account"


def _item(m: Match, past: Past, symbols: Mapping[str, str], year: int, *, is_collectible: bool) -> dict[str, Any]:
    gain = None if m.proceeds is None or m.basis is None else m.proceeds - m.basis
    return {
        "disposal_id": m.id,
        "lot_id": m.lot or None,
        "asset": symbols[m.coin],
        "coin": m.coin,
        "account": past.labels.get(m.account, m.account),
        "acquired": None if m.acquired is None else stamp(m.acquired),
        "disposed": stamp(m.disposed),
        "quantity": text(m.quantity, past.places),
        "proceeds": _money(m.proceeds),
        "basis": _money(m.basis),
        "gain": _money(gain),
        "term": "long" if m.long else "short",
        "tax_year": year,
        "flags": [*m.flags, *(["collectible"] if is_collectible else [])],
    }


def _money(count: int | None) -> str | None:
    return None if count is None else text(count, MONEY_PLACES)


# ------------------------------------------------------------------ pools


def _pooled(past: Past, asked: Asked, zone: str, *, keep: bool, may_fork: bool) -> Found:
    more = {"zone": zone, "places": past.places, "symbols": past.symbols(), "year": asked.year, "keep": keep}
    is_uk = asked.method == "section104"
    work = partial(pooled.section104, **more) if is_uk else partial(pooled.acb, **more, labels=past.labels)  # type: ignore[arg-type]
    halves = in_two(work, past.groups, len) if may_fork and not keep else [work(past.groups)]
    placed = [line for half in halves for line in half[0]]
    placed.sort()
    totals = _summed({(year, "short"): values for year, values in half[1].items()} for half in halves)
    told_issues = sorted(issue for half in halves for issue in half[2])
    years = (pooled.TaxYears if is_uk else rows.Years)(Calendar(zone))
    return Found(
        columns=pooling.UK_COLUMNS if is_uk else pooling.ACB_COLUMNS,
        lines=[line[-1] for line in placed],
        matches=[],
        totals=[total._replace(term="") for total in totals],
        issues=[*_issues(past, asked.year, years), *map(pooled.issue, told_issues)],
        unknown=sum(total.unknown for total in totals),
        asked=asked,
        zone=zone,
        of_pools=[match for half in halves for match in half[3]],
    )
