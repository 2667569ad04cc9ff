"""What a lot vector may say: every word of it is known here, or the file is refused with the name of the word.

A word that nobody reads would be a check that nobody makes. So settings, instructions, cells of rows and everything under `expected` are
looked at before anything is run; what a row means is import's to judge (service/domain/history).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple, get_args

from service.domain import history
from service.domain.rules import is_zone
from service.domain.statements import AllocationOrder, MethodName

Says = Iterator[tuple[str, str]]
"""(where, what is wrong)."""
Check = Callable[[object], str]
"""What is wrong with a value; empty: nothing."""

_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
SCOPES = ("account", "universal")
ORDERS = get_args(AllocationOrder)
CODES = ("missing_basis", "unknown_basis", "lot_not_available")


def problems(vector: Mapping[str, Any]) -> list[str]:
    """One sentence for each word that is not known, is missing, or has no meaning here. `id` is known to be a text."""
    return [f"vector {vector['id']}, {where}: {says}" if where else f"vector {vector['id']} {says}" for where, says in _vector(vector)]


# ------------------------------------------------------------------ values


def _anything(_: object) -> str:
    return ""


def _text(value: object) -> str:
    return "" if isinstance(value, str) else "is no text"


def _texts(value: object) -> str:
    return "" if isinstance(value, list) and all(isinstance(one, str) for one in value) else "is no list of texts"


def _amount(value: object) -> str:
    return "" if isinstance(value, str) and _AMOUNT.fullmatch(value) else "is no plain decimal in quotes"


def _day(value: object) -> str:
    if isinstance(value, str):
        with suppress(ValueError):
            date.fromisoformat(value)
            return ""
    return "is no day such as 2025-01-31"


def _day_or_none(value: object) -> str:
    return "" if value == "" else _day(value)


def _time(value: object) -> str:
    if isinstance(value, str):
        with suppress(ValueError):
            return "" if datetime.fromisoformat(value).tzinfo else "has no zone"
    return "is no time such as 2025-01-31T12:00:00Z"


def _year(value: object) -> str:
    return "" if re.fullmatch("[0-9]{4}", str(value)) else "is no year"


def _zone(value: object) -> str:
    if not isinstance(value, str):
        return "is no text"
    return "" if is_zone(value) else f"no time zone is called {value}"


def _of(*words: str) -> Check:
    return lambda value: "" if value in words else f"{value} is not known: {', '.join(words)}"


class Cells(NamedTuple):
    """An object of plain values."""

    needed: Mapping[str, Check]
    more: Mapping[str, Check]

    def wrong(self, where: str, told: object) -> Says:
        known = {**self.needed, **self.more}
        yield from _names(where, told, tuple(self.needed), tuple(known))
        if isinstance(told, dict):
            for name, check in known.items():
                if name in told and (says := check(told[name])):
                    yield f"{where}.{name}", says


def _names(where: str, told: object, needed: Sequence[str], known: Sequence[str]) -> Says:
    if not isinstance(told, dict):
        yield where, "is no object"
        return
    for name in needed:
        if name not in told:
            yield where, f"lacks {name}"
    for name in told:
        if name not in known:
            yield f"{where}.{name}".removeprefix("."), f"is not known; there are {', '.join(known)}"


def _each(where: str, told: object, wrong: Callable[[str, object], Says]) -> Says:
    if not isinstance(told, list):
        yield where, "is no list"
        return
    for n, one in enumerate(told, 1):
        yield from wrong(f"{where} {n}", one)


# ------------------------------------------------------------------ regimes

_YEAR: Mapping[str, Check] = {"tax_year": _year}
_POOL = Cells({"quantity": _amount, "cost": _amount}, {})


class Regime(NamedTuple):
    methods: tuple[str, ...]
    """The first is the default."""
    fragment: Cells
    parts: tuple[str, ...]
    """Of `expected`, beside those that every regime has."""
    has_lots: bool = False
    """Scope, the end of a common pool and instructions mean something."""


_ISSUE = Cells({"code": _of(*CODES), "event_id": _text, "asset": _text, "quantity": _amount}, {})
_OPEN_LOT = Cells({"lot_id": _text, "asset": _text, "account": _text, "quantity": _amount, "basis_usd": _amount}, {})
_UNREALISED = Cells({"lot_id": _text, "gain_usd": _amount}, {"term": _of("short", "long")})
_MATCH: Mapping[str, Check] = {"disposal_id": _text, "quantity": _amount}
REGIMES: Mapping[str, Regime] = {
    "us": Regime(
        ("fifo", *(m for m in get_args(MethodName) if m != "fifo"), "average"),
        Cells(
            {
                **_MATCH,
                "lot_id": _text,
                "proceeds_usd": _amount,
                "basis_usd": _amount,
                "gain_usd": _amount,
            },
            {"term": _of("short", "long"), **_YEAR},
        ),
        ("open_lots", "unrealised"),
        has_lots=True,
    ),
    "uk": Regime(
        ("section104",),
        Cells(
            {
                "disposed": _day,
                "rule": _of("same_day", "thirty_day", "section_104"),
                "acquired": _day_or_none,
                "quantity": _amount,
                "proceeds": _amount,
                "allowable_cost": _amount,
                "gain": _amount,
            },
            _YEAR,
        ),
        ("uk_pool",),
    ),
    "ca": Regime(
        ("acb",),
        Cells({**_MATCH, "proceeds": _amount, "acb": _amount, "denied_loss": _amount, "gain": _amount}, _YEAR),
        ("acb_pool",),
    ),
}
_COMMON = ("fragments", "income_usd_by_year", "issues")


# ------------------------------------------------------------------ a vector

_ROWS = ("events", "reconciled_events")
_NEEDED = ("id", "settings", "events", "expected")
_SETTINGS = ("method", "scope", "tax_timezone", "account_scope_from")
_KNOWN = ("id", "title", "reason", "settings", "events", "reconciled_events", "instructions", "expected", "peers", "alternatives")


def _vector(told: Mapping[str, Any]) -> Says:
    found = list(_shape(told))
    yield from found
    if not found and "instructions" in told:
        yield from _aims(told, [part for part in _ROWS if part in told])


def _shape(told: Mapping[str, Any]) -> Says:
    yield from _names("", told, _NEEDED, _KNOWN)
    settings = told.get("settings")
    name = settings.get("regime") if isinstance(settings, dict) else None
    regime = REGIMES.get(name) if isinstance(name, str) else None
    if "settings" in told:
        yield from _settings(settings, regime)
    for part in _ROWS:
        if part in told:
            yield from _each(part, told[part], Cells({}, dict.fromkeys(history.ALL, _text)).wrong)
    if regime is None:
        return
    if "instructions" in told:
        if regime.has_lots:
            yield from _each("instructions", told["instructions"], _instruction)
        else:
            yield "instructions", f"the pools of {name} know none"
    if "expected" in told:
        yield from _expected(told["expected"], regime)


def _settings(told: object, regime: Regime | None) -> Says:
    if regime is None:
        yield from Cells({"regime": _of(*REGIMES)}, dict.fromkeys(_SETTINGS, _anything)).wrong("settings", told)
        return
    more: dict[str, Check] = {"method": _of(*regime.methods), "tax_timezone": _zone}
    if regime.has_lots:
        more |= {"scope": _of(*SCOPES), "account_scope_from": _day}
    yield from Cells({"regime": _text}, more).wrong("settings", told)
    if isinstance(told, dict) and "account_scope_from" in told and told.get("scope") != "universal":
        yield "settings.account_scope_from", "goes with scope universal"


def _expected(told: object, regime: Regime) -> Says:
    yield from _names("expected", told, ("fragments",), (*_COMMON, *regime.parts))
    if not isinstance(told, dict):
        return
    lists = {"fragments": regime.fragment, "issues": _ISSUE, "open_lots": _OPEN_LOT}
    for part, cells in lists.items():
        if part in told and part in (*_COMMON, *regime.parts):
            yield from _each(f"expected.{part}", told[part], cells.wrong)
    if "income_usd_by_year" in told:
        yield from _by("expected.income_usd_by_year", told["income_usd_by_year"], lambda at, usd: _one(at, _amount(usd)), _year)
    for part in ("uk_pool", "acb_pool"):
        if part in told and part in regime.parts:
            yield from _by(f"expected.{part}", told[part], _POOL.wrong, _text)
    if "unrealised" in told and "unrealised" in regime.parts:
        yield from _unrealised(told["unrealised"])


def _unrealised(told: object) -> Says:
    where = "expected.unrealised"
    yield from _names(where, told, ("at", "price_usd", "lots"), ("at", "price_usd", "lots", "harvestable_loss_usd"))
    if isinstance(told, dict):
        for name, check in (("at", _time), ("price_usd", _amount), ("harvestable_loss_usd", _amount)):
            if name in told:
                yield from _one(f"{where}.{name}", check(told[name]))
        if "lots" in told:
            yield from _each(f"{where}.lots", told["lots"], _UNREALISED.wrong)


def _by(where: str, told: object, wrong: Callable[[str, object], Says], name: Check) -> Says:
    """An object whose names are data: years, assets."""
    if not isinstance(told, dict):
        yield where, "is no object"
        return
    for key, value in told.items():
        yield from _one(f"{where}.{key}", name(key))
        yield from wrong(f"{where}.{key}", value)


def _one(where: str, says: str) -> Says:
    if says:
        yield where, says


# ------------------------------------------------------------------ instructions

_CHOICE = Cells({"lot_id": _text, "quantity": _amount}, {})
_PLACE = Cells({"lot_id": _text, "account": _text, "quantity": _amount}, {})


def _instruction(where: str, told: object) -> Says:
    if not isinstance(told, dict):
        yield where, "is no object"
        return
    kind = told.get("kind")
    for name, check in (("event_id", _text), ("asset", _text), ("accounts", _texts), ("order", _of(*ORDERS))):
        if name in told:
            yield from _one(f"{where}.{name}", check(told[name]))
    if kind == "select_lots":
        yield from _names(where, told, ("event_id", "lots"), ("kind", "event_id", "lots"))
        yield from _lots(where, told, _CHOICE)
    elif kind == "allocate_basis":
        by = ("lots",) if "lots" in told else ("order", "accounts")
        yield from _names(where, told, ("asset", *by), ("kind", "asset", "lots", "order", "accounts"))
        yield from _lots(where, told, _PLACE)
    else:
        yield f"{where}.kind", f"{kind} is not known: allocate_basis, select_lots"


def _lots(where: str, told: Mapping[str, Any], cells: Cells) -> Says:
    if "lots" in told:
        yield from _each(f"{where}.lots", told["lots"], cells.wrong)


def _aims(told: Mapping[str, Any], rows: Sequence[str]) -> Says:
    """An instruction about an event, a coin or an account that no row has would do nothing. All parts have their shape."""
    events = [row for part in rows for row in told[part]]
    names = {row.get("id") for row in events}
    assets = {row.get(f"{side}_asset") for row in events for side in ("sent", "received", "fee")}
    accounts = {row.get(side) for row in events for side in ("account", "to_account")}
    rules = {one["asset"] for one in told["instructions"] if "order" in one}
    allocated: set[str] = set()
    for n, one in enumerate(told["instructions"], 1):
        where = f"instructions {n}"
        if one["kind"] == "select_lots":
            if not {one["event_id"], _OF_AN_EVENT.sub("", one["event_id"])} & names:
                yield f"{where}.event_id", f"no row is called {one['event_id']}"
            continue
        if one["asset"] in rules & allocated:
            yield where, f"is a second one for {one['asset']}, and a rule stands alone"
        allocated.add(one["asset"])
        if "account_scope_from" not in told["settings"]:
            yield where, "allocate_basis goes with settings.account_scope_from"
        if one["asset"] not in assets:
            yield f"{where}.asset", f"no row moves {one['asset']}"
        for account in one.get("accounts", ()):
            if account not in accounts:
                yield f"{where}.accounts", f"no row is of {account}"


_OF_AN_EVENT = re.compile(r"(/fee)?(/[0-9]+)?$")
"""What a fee's or a second coin's disposal bears after the id of its row."""
