"""Groups of coins booked by the rules of a pool (United Kingdom, Canada), in plain values that a fork can send."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.domain import pooling
from service.domain.issues import Issue, IssueKind
from service.domain.ledger.choices import Calendar
from service.domain.methods import Flag
from service.domain.movements import MONEY_PLACES, Movement, iso_day, stamp, text
from service.domain.pooling import AcbMatch, DayMatch
from service.domain.reports.cells import csv_line
from service.domain.reports.matches import Years

Booked = tuple[list[tuple[Any, ...]], dict[int, list[int]], list[tuple[str, ...]], list[Any]]
"""Lines, each after what it is sorted by; year → how many, proceeds, cost, how many with something unknown; issues; the matches in the order
of the lines, where they are to be kept (a fork keeps none)."""
PoolMatch = DayMatch | AcbMatch
Item = dict[str, Any]


def section104(
    groups: Sequence[Sequence[Movement]], *, zone: str, places: int, symbols: Mapping[str, str], year: int | None, keep: bool = False
) -> Booked:
    found = [pooling.section104(group, zone=zone, places=places, symbols=symbols) for group in groups]
    matches = [m for one in found for m in one.matches if year in (None, pooling.tax_year(m.day))]
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for m in matches:
        _add(sums[pooling.tax_year(m.day)], m.proceeds, m.cost, m.flags)
    lines = [(*row[1:5], csv_line(row)) for row in pooling.uk_rows(matches, places=places, symbols=symbols)]
    issues = _of_year(year, [i for one in found for i in one.issues], groups, TaxYears(Calendar(zone)), zone)
    if keep:
        matches.sort(key=lambda m: (m.day, symbols[m.coin], m.rule, -1 if m.acquired is None else m.acquired))
    return lines, dict(sums), _plain(issues), matches if keep else []


def acb(
    groups: Sequence[Sequence[Movement]],
    *,
    zone: str,
    places: int,
    symbols: Mapping[str, str],
    labels: Mapping[str, str],
    year: int | None,
    keep: bool = False,
) -> Booked:
    found = [pooling.acb(group, zone=zone, places=places, symbols=symbols) for group in groups]
    years = Years(Calendar(zone))
    matches = sorted(
        (m for one in found for m in one.matches if year in (None, years[m.disposed])), key=lambda m: (m.disposed, m.id, m.coin)
    )
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for m in matches:
        _add(sums[years[m.disposed]], m.proceeds, m.acb - m.denied, m.flags)
    told = pooling.acb_rows(matches, places=places, symbols=symbols, accounts=labels)
    lines = [(m.disposed, m.id, m.coin, csv_line(row)) for m, row in zip(matches, told, strict=True)]
    issues = _of_year(year, [i for one in found for i in one.issues], groups, years, zone)
    return lines, dict(sums), _plain(issues), matches if keep else []


class TaxYears(Years):
    """Instant → tax year of the United Kingdom in which it lies, 6 April to 5 April, by the year in which that ends."""

    def __missing__(self, at: int) -> int:
        year = self[at] = pooling.tax_year(self._calendar.day(at))
        return year


def _of_year(year: int | None, issues: Sequence[Issue], groups: Sequence[Sequence[Movement]], years: Years, zone: str) -> Sequence[Issue]:
    """What is open of another year is no part of the answer. An issue names a movement and its coin, or a day and the coin disposed of."""
    if year is None or not issues:
        return issues
    calendar, gone = Calendar(zone), [m for group in groups for m in group if m.act != "acquire"]
    when = {f"{iso_day(calendar.day(m.at))} {m.coin}": m.at for m in gone} | {f"{m.id} {m.coin}": m.at for m in gone}
    return [issue for issue in issues if years[when[issue.subject]] == year]


def _add(sums: list[int], proceeds: int | None, cost: int, flags: tuple[Flag, ...]) -> None:
    """What is not wholly known is counted, and in no sum."""
    sums[0] += 1
    if proceeds is None or not pooling.is_known(flags):
        sums[3] += 1
    else:
        sums[1] += proceeds
        sums[2] += cost


# ------------------------------------------------------------------ matches as data


def items(matches: Iterable[PoolMatch], *, zone: str, places: int, symbols: Mapping[str, str], labels: Mapping[str, str]) -> list[Item]:
    """Amounts are strings; what is not known is None, of a cost too that is known in part."""
    years = Years(Calendar(zone))
    return [
        _of_day(m, places, symbols) if isinstance(m, DayMatch) else _of_average(m, places, symbols, labels, years[m.disposed])
        for m in matches
    ]


def _of_day(m: DayMatch, places: int, symbols: Mapping[str, str]) -> Item:
    return {
        "id": m.own_id,
        "disposal_ids": list(m.disposals),
        "acquisition_ids": list(m.acquisitions),
        "asset": symbols[m.coin],
        "coin": m.coin,
        "rule": m.rule,
        "acquired": None if m.acquired is None else iso_day(m.acquired),
        "disposed": iso_day(m.day),
        "quantity": text(m.quantity, places),
        "proceeds": _money(m.proceeds),
        "fees": _money(m.fees),
        "allowable_cost": _money(m.cost if pooling.is_cost_known(m.flags, is_priced=m.proceeds is not None) else None),
        "gain": _money(m.gain if pooling.is_known(m.flags) else None),
        "missing": text(m.missing, places),
        "tax_year": pooling.tax_year(m.day),
        "flags": list(m.flags),
    }


def _of_average(m: AcbMatch, places: int, symbols: Mapping[str, str], labels: Mapping[str, str], year: int) -> Item:
    return {
        "id": m.own_id,
        "disposal_id": m.id,
        "asset": symbols[m.coin],
        "coin": m.coin,
        "account": labels.get(m.account, m.account),
        "acquired": None,
        "disposed": stamp(m.disposed),
        "quantity": text(m.quantity, places),
        "proceeds": _money(m.proceeds),
        "basis": _money(m.acb if pooling.is_cost_known(m.flags, is_priced=m.proceeds is not None) else None),
        "denied": _money(m.denied),
        "gain": _money(m.gain if pooling.is_known(m.flags) else None),
        "missing": text(m.missing, places),
        "tax_year": year,
        "flags": list(m.flags),
    }


def _money(count: int | None) -> str | None:
    return None if count is None else text(count, MONEY_PLACES)


# ------------------------------------------------------------------ issues


def _plain(issues: Iterable[Issue]) -> list[tuple[str, ...]]:
    return [(str(i.kind.value), i.severity, i.subject, i.says, i.remedy) for i in issues]


def issue(plain: Sequence[Any]) -> Issue:
    """Back from `_plain`."""
    kind, severity, subject, says, remedy = plain
    return Issue(IssueKind(kind), severity, subject, says, remedy)
