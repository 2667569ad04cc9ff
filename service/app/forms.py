"""Form 8949, Schedule D and TXF of one tax year, from the matches of `gains`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from service.app.gains import POOLED, Asked, Found, Past, gains
from service.app.refusals import Refused
from service.domain.ledger.choices import Calendar
from service.domain.reports import form_8949
from service.domain.reports.cells import csv_line
from service.domain.reports.form_8949 import Line, Row, Told
from service.domain.reports.matches import Years
from service.domain.reports.txf import left_out, txf, with_gaps

TOLD: tuple[Told, ...] = get_args(Told)


@dataclass(frozen=True, slots=True)
class Form:
    rows: list[Row]
    lines: list[Line]
    view: str = ""
    """Why these are not the figures to file, as a sentence; empty where they are by the choices that are recorded."""

    def form_8949(self) -> str:
        return _csv(form_8949.COLUMNS, map(form_8949.cells, self.rows))

    def schedule_d(self) -> str:
        return _csv(form_8949.SCHEDULE_D, map(form_8949.line_cells, self.lines))

    def txf(self, made_on: date) -> str:
        return txf(self.rows, made_on)

    def says(self, *, of_txf: bool = False) -> list[str]:
        """What whoever files them has to know, as sentences; `of_txf`: what that file does not tell, too."""
        return [*([self.view] if self.view else []), *(self._gaps() if of_txf else ())]

    def _gaps(self) -> list[str]:
        return [
            f"txf: {len(rows):,} {'row' if len(rows) == 1 else 'rows'} {says}: {_named(rows)}"
            for rows, says in (
                (left_out(self.rows), "left out, since what was received is not known"),
                (with_gaps(self.rows), "written with a blank for an unknown cost or day of acquisition, which the program wants from you"),
            )
            if rows
        ]

    def told(self) -> list[dict[str, Any]]:
        """Schedule D for JSON; amounts to the cent."""
        return [
            dict(zip(form_8949.SCHEDULE_D, form_8949.line_cells(line), strict=True)) | {"rows": line.rows, "unknown": line.unknown}
            for line in self.lines
        ]


def form(found: Found, past: Past, asked: Asked, reported: Mapping[str, str]) -> Form:
    """`reported`: account, by id or label → one of TOLD.

    Raises Refused where the law of the form knows no such figures, for more than one year, for unknown accounts and for other words.
    """
    if asked.method in (*POOLED, "average"):
        raise Refused(
            "method", f"Form 8949 wants lots, and {asked.method} is an average of a pool: choose fifo, lifo, hifo, lofo or specific"
        )
    if past.currency != "USD":
        raise Refused("currency", f"Form 8949 is in US dollars, and this portfolio is in {past.currency}")
    calendar = Calendar(found.zone)
    years = sorted({*map(Years(calendar).__getitem__, {m.disposed for m in found.matches})})
    if len(years) > 1:
        raise Refused("year", f"a form is of one year, and there are disposals in {', '.join(map(str, years))}: choose one with --year")
    told = _told(past, reported)
    rows = form_8949.rows(
        found.matches,
        symbols=past.symbols(),
        labels=past.labels,
        calendar=calendar,
        places=past.places,
        collectible=past.collectible(),
        told=told,
        bought_in={m.id: m.account for group in past.groups for m in group if m.act == "acquire"} if told else {},
    )
    return Form(rows, form_8949.schedule_d(rows), _view(found, past, asked))


def _view(found: Found, past: Past, asked: Asked) -> str:
    """The same year booked by what is recorded; without a word in the question there is nothing to compare."""
    if asked.method is None and asked.scope is None and not (past.is_stored and asked.zone):
        return ""
    own = gains(past, Asked(year=asked.year, zone=None if past.is_stored else asked.zone))
    others = set(found.matches) ^ set(own.matches)
    if not others:
        return ""
    count = len(others.intersection(found.matches))
    differ = f"{count:,} of {len(found.matches):,} rows are others" if count else "rows are missing"
    if past.is_stored:
        return f"these forms are a view ({found.says(past)}), not what to file: {differ} than by the choices that you recorded"
    return (
        f"these forms are a view ({found.says(past)}), not what to file: {differ} than by the oldest lots of each account, which is the law "
        "where no choice was recorded in time, and a file records none"
    )


MOST_NAMED = 10


def _named(rows: Sequence[Row]) -> str:
    """By the disposals' ids."""
    ids = list(dict.fromkeys(row.disposal for row in rows))
    more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
    return f"{', '.join(ids[:MOST_NAMED])}{more}"


def _told(past: Past, reported: Mapping[str, str]) -> dict[str, Told]:
    if not reported:
        return {}
    accounts = {m.account for group in past.groups for m in group} | past.labels.keys()
    by_label = {past.labels.get(account, account): account for account in sorted(accounts)}
    told: dict[str, Told] = {}
    for name, what in reported.items():
        account = name if name in accounts else by_label.get(name)
        if account is None:
            raise Refused("reported", f"no account is called {name!r}; there are {', '.join(sorted(by_label)) or 'none'}")
        if what not in TOLD:
            raise Refused("reported", f"{name}={what}: a broker reports {' or '.join(TOLD)}")
        told[account] = what
    return told


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([",".join(columns), *map(csv_line, rows), ""])
