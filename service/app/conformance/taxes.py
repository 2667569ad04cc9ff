"""Tax vectors: federal years, holding periods and the best lots to sell, by the engine that answers `thresher tax compute`.

They bear no "format"; the words of each tell what it is (`of`). Money is compared within half a cent, days and words exactly. Of an optimum
the value is compared, not the point: several may share it. What is told of a point is compared with what the engine makes of that point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from service.app.conformance.comparing import Difference
from service.app.tax_cases import PROSE, BadCase, Ways, holding, optimum, year
from service.app.tax_cases.reading import Fields
from service.domain.money import cents, plain
from service.domain.rules import Figures
from service.domain.tax.federal import YearInput, year_tax

HALF_A_CENT = Decimal("0.005")

Told = Mapping[str, Any]


class Kind(NamedTuple):
    problems: Callable[[Told], list[str]]
    differences: Callable[[Told, Ways], list[Difference]]


def of(vector: object) -> Kind | None:
    """By the words of a vector; None where it is no case of taxes."""
    return next((kind for word, kind in KINDS.items() if isinstance(vector, dict) and word in vector), None)


def _kind(read: Callable[[Told], Any], compare: Callable[[Any, Ways], Iterator[tuple[str, str, str]]]) -> Kind:
    def problems(vector: Told) -> list[str]:
        try:
            read(vector)
        except BadCase as wrong:
            return [f"vector {vector['id']}: {says}" for says in wrong.says]
        return []

    def differences(vector: Told, ways: Ways) -> list[Difference]:
        try:
            return [Difference(vector["id"], *found) for found in compare(read(vector), ways)]
        except BadCase as why:  # a year of which no file has figures
            return [Difference(vector["id"], "vector", "one that can be run", str(why))]

    return Kind(problems, differences)


def _money(told: Mapping[str, Decimal], got: Mapping[str, Decimal]) -> Iterator[tuple[str, str, str]]:
    for name, expected in told.items():
        if abs(expected - got[name]) > HALF_A_CENT:
            yield name, plain(expected), plain(cents(got[name]))


def _amounts(fields: Fields, known: tuple[str, ...]) -> dict[str, Decimal]:
    """Those that are there; none is a problem, and so is an unknown one."""
    found = {name: fields.money(name, Decimal(0)) for name in known}
    fields.finish()
    there = {name: amount for name, amount in found.items() if fields.has(name)}
    if not there:
        fields.wrong("", "says nothing that is compared")
    return there


# ------------------------------------------------------------------ years


class _Year(NamedTuple):
    case: year.YearCase
    expect: dict[str, Decimal]


def _read_year(vector: Told) -> _Year:
    fields = Fields(vector)
    expect = _amounts(fields.inner("expect"), (*year.FIGURES, *year.STATE))
    told = fields.any("input")
    fields.finish(*PROSE)
    try:
        case = year.read(told, "input")
    except BadCase as wrong:
        fields.problems += wrong.says
    else:
        if case.state_rate is None and set(year.STATE) & set(expect):
            fields.wrong("expect.state_tax", "goes with input.state_rate")
    fields.check()
    return _Year(case, expect)


def _compare_year(vector: _Year, ways: Ways) -> Iterator[tuple[str, str, str]]:
    yield from _money(vector.expect, year.figures(year.compute(vector.case, ways.rules_of)))


YEARS = _kind(_read_year, _compare_year)


# ------------------------------------------------------------------ holding periods


class _Days(NamedTuple):
    case: holding.Instants
    expect: dict[str, Any]


_TERMS = ("short", "long")
_PERIOD = ("acquired", "sold", "expect", "first_long_date", "tax_year")


def _read_days(vector: Told) -> _Days:
    case = holding.read_days(vector, "expect", "first_long_date", "tax_year", *PROSE)
    fields = Fields(vector)
    expect: dict[str, Any] = {"expect": fields.word("expect", _TERMS)}
    if fields.has("first_long_date"):
        expect["first_long_date"] = fields.day("first_long_date").isoformat()
    if fields.has("tax_year"):
        expect["tax_year"] = fields.whole("tax_year")
    fields.check()
    return _Days(case, expect)


def _compare_days(vector: _Days, ways: Ways) -> Iterator[tuple[str, str, str]]:
    del ways
    yield from _period(vector.expect, vector.case.period("UTC"), "")


def _period(expect: Mapping[str, Any], got: holding.Period, where: str) -> Iterator[tuple[str, str, str]]:
    told = got.told()
    for name, expected in expect.items():
        if expected != told[name]:
            yield f"{where}{name}", str(expected), str(told[name])


class _Instants(NamedTuple):
    case: holding.Instants
    expect: dict[str, dict[str, Any]]
    """By "local" and "utc"."""


def _read_instants(vector: Told) -> _Instants:
    case = holding.read_instants(vector, "local", "utc", *PROSE)
    fields = Fields(vector)
    expect = {where: _told_period(fields.inner(where)) for where in ("local", "utc") if fields.has(where)}
    if not expect:
        fields.wrong("local", "is missing, and utc too: nothing is compared")
    fields.check()
    return _Instants(case, expect)


def _told_period(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _PERIOD:
        if not fields.has(name):
            fields.any(name)
        elif name == "expect":
            found[name] = fields.word(name, _TERMS)
        elif name == "tax_year":
            found[name] = fields.whole(name)
        else:
            found[name] = fields.day(name).isoformat()
    fields.finish()
    if not found:
        fields.wrong("", "says nothing that is compared")
    return found


def _compare_instants(vector: _Instants, ways: Ways) -> Iterator[tuple[str, str, str]]:
    del ways
    for where, zone in (("local", vector.case.zone), ("utc", "UTC")):
        yield from _period(vector.expect.get(where, {}), vector.case.period(zone), f"{where}.")


DAYS = _kind(_read_days, _compare_days)
INSTANTS = _kind(_read_instants, _compare_instants)


# ------------------------------------------------------------------ optima

_VALUES = ("objective_value", "gain_over_nothing", "gain_over_harvest_everything", "tax_before")
_POINT = ("st_net_after", "lt_net_after")
_AT_POINT = {"tax_after": "total", "carry_st_after": "carry_short", "carry_lt_after": "carry_long"}


class _Optimum(NamedTuple):
    case: optimum.OptimumCase
    expect: dict[str, Decimal]


def _read_optimum(vector: Told) -> _Optimum:
    case = optimum.read(vector, "expect", *PROSE)
    fields = Fields(vector)
    expect = _amounts(fields.inner("expect"), (*_VALUES, *_POINT, *_AT_POINT))
    if "objective_value" not in expect:
        fields.wrong("expect.objective_value", "is missing: it is what is compared of an optimum")
    if 0 < len(set(_POINT) & set(expect)) < len(_POINT) or (set(_AT_POINT) & set(expect) and not set(_POINT) <= set(expect)):
        fields.wrong("expect", f"tells of a point, so it needs {' and '.join(_POINT)}")
    fields.check()
    return _Optimum(case, expect)


def _compare_optimum(vector: _Optimum, ways: Ways) -> Iterator[tuple[str, str, str]]:
    case, expect = vector
    found = optimum.figures(optimum.compute(case, ways.rules_of, ways.best), case)
    yield from _money({name: expect[name] for name in _VALUES if name in expect}, found)
    if set(_POINT) <= set(expect):
        figures = year.figures_of(ways.rules_of, case.year, case.status)[1]
        at = _at(case, figures, *(expect[name] for name in _POINT))
        yield from _money({name: expect[name] for name in _AT_POINT if name in expect}, at)


def _at(case: optimum.OptimumCase, figures: Figures, short: Decimal, long: Decimal) -> dict[str, Decimal]:
    """What the engine makes of the vector's own point."""
    tax = year_tax(YearInput(wages=case.wages, short=short, long=long), figures)
    return {theirs: getattr(tax, ours) for theirs, ours in _AT_POINT.items()}


OPTIMA = _kind(_read_optimum, _compare_optimum)

KINDS: Mapping[str, Kind] = {"input": YEARS, "acquired": DAYS, "acquired_utc": INSTANTS, "lots": OPTIMA}
"""By the word that a vector of the kind has, and no other."""
