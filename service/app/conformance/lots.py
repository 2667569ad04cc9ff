"""Lot vectors ("neutral-lot-vectors/1"): rows → import's checks → file connector → reconcile → pricing → ledger or pools.

Worked example. A vector sells 1.5 of 1 and 2 BTC by FIFO: its rows are read as `thresher import` reads a file's, booked under the vector's
method, scope and zone as the holder's own words, and the matches are put beside `expected`. One thing is translated: an unknown cost stays
unknown here, where a vector says 0 and an issue `unknown_basis`.

Assets are taken as the file names them (no asset table): a vector's X is nobody's coin. Where a vector has `reconciled_events`, its raw rows
are run too: the events that reconcile makes of them are compared, and what is booked of them. A fee that only the reconciled rows value has its
price from there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from connectors.contract import Quote, RawRecord, Transaction, Unreadable
from service.app.conformance.booked import booked
from service.app.conformance.case import Case, case_of
from service.app.conformance.comparing import Comparison, Difference
from service.app.file_records import SOURCE, record
from service.domain import history, pricing
from service.domain.assets import AssetTable
from service.domain.money import EXACT, plain
from service.domain.reconcile import Amount, Event, reconcile
from service.domain.statements import Allocation, LotSelection, Statement, Statements

Normalise = Callable[[str, Iterable[RawRecord]], Iterable[Transaction | Unreadable]]

NO_TABLE = AssetTable([], "none")
CURRENCY = "USD"
"""What amounts of a vector are taken as, one for one, whatever the regime's money."""
WINDOW = timedelta(hours=72)
"""A receipt may come this long after its withdrawal: the default of settings."""


class Unusable(ValueError):
    """The vector cannot be run; the text says why."""


def differences(vector: Mapping[str, Any], normalise: Normalise) -> list[Difference]:
    """What is otherwise than a vector without problems expects; one difference where its rows are none that import would take."""
    try:
        return list(_run(vector, case_of(vector), normalise))
    except Unusable as why:
        return [Difference(str(vector["id"]), "vector", "one that can be run", str(why))]


def _run(vector: Mapping[str, Any], case: Case, normalise: Normalise) -> Iterator[Difference]:
    name, expected, final = vector["id"], vector["expected"], vector.get("reconciled_events")
    raw = _events(vector["events"], normalise)
    case = replace(case, said=_added_up(case.said, raw))
    if final is None:
        yield from _compared(Comparison(name), case, raw, (), expected)
        return
    told = _also_called(_events(final, normalise), raw)
    comparison = Comparison(name, "raw")
    _compare_events(comparison, told, raw)
    yield from _compared(comparison, case, [_at_once(e) for e in raw], _fee_quotes(told), expected)
    yield from _compared(Comparison(name, "reconciled"), case, told, (), expected)


def _also_called(told: Sequence[Event], raw: Sequence[Event]) -> list[Event]:
    """Reconciled rows, with the names that the raw ones give to the same events: an instruction may use either."""
    other = {one: another for e in raw if e.also for one, another in ((e.id, e.also), (e.also, e.id))}
    return [replace(event, also=other.get(event.id, event.also)) for event in told]


def _added_up(said: Iterable[Statement], events: Iterable[Event]) -> tuple[Statement, ...]:
    """Several lists of lots for one event, by whichever of its rows, or for one coin are one list, in the order of the instructions."""
    names = {e.also: e.id for e in events if e.also}
    selected: dict[str, LotSelection] = {}
    allocated: dict[str, Allocation] = {}
    for word in said:
        if isinstance(word, LotSelection):
            row, slash, part = word.event.partition("/")
            event = f"{names.get(row, row)}{slash}{part}"
            before = selected.get(event)
            selected[event] = replace(before, lots=(*before.lots, *word.lots)) if before else word
        elif isinstance(word, Allocation):
            known = allocated.get(word.coin)
            allocated[word.coin] = replace(known, lots=(*known.lots, *word.lots)) if known else word
    return (*selected.values(), *allocated.values())


def _at_once(event: Event) -> Event:
    """The format knows one time of a transfer, that of its sending."""
    return replace(event, arrives_at=None)


def _compared(
    comparison: Comparison, case: Case, events: Sequence[Event], quotes: Sequence[Quote], expected: Mapping[str, Any]
) -> list[Difference]:
    priced, _ = pricing.price(events, pricing.PriceBook(quotes, NO_TABLE, CURRENCY))
    comparison.compare(expected, booked(priced, case, expected.get("unrealised")), case.regime)
    return comparison.found


# ------------------------------------------------------------------ rows → events


def _events(told: Sequence[Mapping[str, str]], normalise: Normalise) -> list[Event]:
    """As `thresher import` and a rebuild would make them of files with these rows. Raises Unusable for a row that import would refuse."""
    first: dict[object, Mapping[str, str]] = {}
    for cells in told:  # a row whose id is known changes nothing, whatever it says
        first.setdefault(cells.get("id") or object(), cells)
    rows, problems = history.read(_lines(first.values()))
    if problems:
        where = "the rows" if problems[0].line == 1 else f"row {problems[0].line - 1}"
        raise Unusable(f"{where}{f', {problems[0].column}' if problems[0].column else ''}: {problems[0].says}")
    moved: list[Transaction] = []
    for read in normalise(SOURCE, (record(row, row.account, row.to_account) for row in rows)):
        if isinstance(read, Unreadable):
            raise Unusable(f"row {read.key} could not be read: {read.why}")
        moved.append(read)
    return reconcile(moved, NO_TABLE, Statements(), window=WINDOW, currency=CURRENCY)[1]


def _lines(told: Iterable[Mapping[str, str]]) -> list[str]:
    """The rows as the lines of a file, so that import's own reader judges them."""
    file = io.StringIO()
    writer = csv.DictWriter(file, history.ALL, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(told)
    return file.getvalue().splitlines(keepends=True)


def _fee_quotes(events: Iterable[Event]) -> list[Quote]:
    """The prices at which reconciled rows value their fees, as a file of prices would give them."""
    return [
        Quote(fee.coin.id, CURRENCY, EXACT.divide(value, fee.quantity), event.at, "vector")
        for event in events
        for fee, value in zip(event.fees, event.fee_values, strict=False)
        if value is not None and fee.coin.kind != "fiat"
    ]


def _compare_events(comparison: Comparison, told: Sequence[Event], made: Sequence[Event]) -> None:
    """One by one, in order: when, what, between whom and how much; what it is worth shows in the matches.

    The format leaves open which of two joined rows names the transfer; where that matters, in the name of its fee, the matches tell.
    """
    for n, (expected, got) in enumerate(zip_longest(told, made), 1):
        names = (got.id, *got.transactions) if got else ()
        if expected is None or got is None or _words(expected, expected.id) not in {_words(got, name) for name in names}:
            comparison.note(f"event {n}", *("nothing" if event is None else _words(event, event.id) for event in (expected, got)))


def _words(event: Event, name: str) -> str:
    def amounts(side: Iterable[Amount]) -> str:
        return " ".join(f"{plain(a.quantity)} {a.coin.symbol}" for a in side)

    where = f"{event.account} → {event.to_account}" if event.to_account else event.account
    fees = f", fee {amounts(event.fees)}" if event.fees else ""
    return f"{name} {event.at:%Y-%m-%dT%H:%M:%SZ} {event.kind} {where}: {amounts(event.sent)} → {amounts(event.received)}{fees}"
