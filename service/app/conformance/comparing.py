"""What a lot vector expects beside what the ledger made: sums by key, quantities exactly, money within 1e-9."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from service.app.conformance.case import Regime
from service.domain.money import ZERO, exact, plain

TOLERANCE = Decimal("1e-9")
"""Money of a vector is rounded to 10 places."""

Cells = dict[str, str | Decimal]
"""What one line of an answer says; Decimals are compared as amounts."""


@dataclass(frozen=True, slots=True)
class Difference:
    vector: str
    field: str
    expected: str
    got: str


@dataclass(slots=True)
class Made:
    """What the ledger made of a vector's rows, in the words of `expected`. Unknown money is left out of its line and compared as 0."""

    fragments: list[Cells] = field(default_factory=list)
    open_lots: list[Cells] = field(default_factory=list)
    income: dict[str, Decimal] = field(default_factory=dict)
    issues: list[Cells] = field(default_factory=list)
    unrealised: list[Cells] = field(default_factory=list)
    harvestable: Decimal = ZERO
    pool: list[Cells] = field(default_factory=list)
    """Of a regime that has pools: each coin's at the end."""


US_KEY, UK_KEY, CA_KEY = ("disposal_id", "lot_id"), ("disposed", "rule", "acquired"), ("disposal_id",)
_US_MONEY = ("proceeds_usd", "basis_usd", "gain_usd")
_UK_MONEY = ("proceeds", "allowable_cost", "gain")
_CA_MONEY = ("proceeds", "acb", "denied_loss", "gain")
_POOLS = ("uk_pool", "acb_pool")


class Comparison:
    """Collects the differences of one vector. `way`: which rows were run, where a vector has two lists of them."""

    def __init__(self, vector: str, way: str = "") -> None:
        self._vector = vector
        self._way = f"{way}: " if way else ""
        self.found: list[Difference] = []

    def note(self, what: str, expected: str, got: str) -> None:
        self.found.append(Difference(self._vector, f"{self._way}{what}", expected, got))

    def compare(self, expected: Mapping[str, Any], made: Made, regime: Regime) -> None:
        """Every part that `expected` holds; absent issues and income mean none."""
        if regime == "uk":
            self._fragments_uk(expected["fragments"], made)
        elif regime == "ca":
            self.lines("fragment", expected["fragments"], made.fragments, CA_KEY, ("quantity",), _CA_MONEY)
        else:
            self.lines("fragment", expected["fragments"], made.fragments, US_KEY, ("quantity",), _US_MONEY)
        for part in _POOLS:
            if part in expected:
                told = [{"asset": asset, **pool} for asset, pool in expected[part].items()]
                self.lines(part, _without_zero(told), _without_zero(made.pool), ("asset",), ("quantity",), ("cost",))
        if "open_lots" in expected:
            key = ("lot_id", "asset", "account")
            self.lines("open_lot", expected["open_lots"], made.open_lots, key, ("quantity",), ("basis_usd",))
        years = expected.get("income_usd_by_year", {})
        for year in sorted(years.keys() | made.income.keys()):  # a year that is absent had none
            self.money(f"income_usd_by_year {year}", years.get(year, "0"), made.income.get(year, ZERO))
        self.lines("issue", expected.get("issues", []), made.issues, ("code", "event_id", "asset"), ("quantity",), ())
        if "unrealised" in expected:
            self.lines("unrealised", expected["unrealised"]["lots"], made.unrealised, ("lot_id",), (), ("gain_usd",))
            self.money("unrealised harvestable_loss_usd", expected["unrealised"].get("harvestable_loss_usd"), made.harvestable)

    def lines(  # noqa: PLR0917 - two lists and the three sorts of their cells
        self,
        what: str,
        told: Iterable[Mapping[str, Any]],
        made: Iterable[Mapping[str, Any]],
        key: tuple[str, ...],
        quantities: tuple[str, ...],
        money: tuple[str, ...],
    ) -> None:
        """Two lists of lines, each summed by `key`; other cells (term, tax_year) are compared where the vector has them."""
        theirs, ours = _summed(told, key, quantities + money), _summed(made, key, quantities + money)
        for name in sorted(theirs.keys() | ours.keys()):
            label = f"{what} {' '.join(part or '-' for part in name)}"
            expected, got = theirs.get(name), ours.get(name)
            if expected is None or got is None:
                self.note(label, _told(expected), _told(got))
                continue
            for cell, value in expected.items():
                if cell in key:
                    continue
                if cell in quantities + money:
                    least = TOLERANCE if cell in money else ZERO
                    if abs(_amount(value) - _amount(got.get(cell, ZERO))) > least:
                        self.note(f"{label} {cell}", plain(_amount(value)), plain(_amount(got.get(cell, ZERO))))
                elif str(value) != str(got.get(cell, "")):
                    self.note(f"{label} {cell}", str(value), str(got.get(cell, "nothing")))

    def money(self, what: str, told: str | None, got: Decimal) -> None:
        if told is not None and abs(Decimal(told) - got) > TOLERANCE:
            self.note(what, told, plain(got))

    def _fragments_uk(self, told: Iterable[Mapping[str, Any]], made: Made) -> None:
        """A vector's lines name no coin: where several coins have one day and rule they are told apart by what they say."""
        self._by_likeness(_grouped(told), _grouped(made.fragments))

    def _by_likeness(
        self, theirs: dict[tuple[str, ...], list[Mapping[str, Any]]], ours: dict[tuple[str, ...], list[Mapping[str, Any]]]
    ) -> None:
        for name in sorted(theirs.keys() | ours.keys()):
            expected, got = (sorted(of.get(name, []), key=_likeness) for of in (theirs, ours))
            label = f"fragment {' '.join(part or '-' for part in name)}"
            if len(expected) != len(got):
                self.note(label, " | ".join(map(_told, expected)) or "nothing", " | ".join(map(_told, got)) or "nothing")
                continue
            for one, other in zip(expected, got, strict=True):
                self.lines("fragment", [one], [{**other, **{k: one[k] for k in UK_KEY}}], UK_KEY, ("quantity",), _UK_MONEY)


def _likeness(line: Mapping[str, Any]) -> tuple[Decimal, ...]:
    return tuple(_amount(line.get(cell, ZERO)) for cell in ("quantity", "proceeds", "allowable_cost"))


def _grouped(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    by: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for line in lines:
        by.setdefault(tuple(str(line.get(k, "")) for k in UK_KEY), []).append(line)
    return by


def _summed(lines: Iterable[Mapping[str, Any]], key: tuple[str, ...], amounts: tuple[str, ...]) -> dict[tuple[str, ...], dict[str, Any]]:
    by: dict[tuple[str, ...], dict[str, Any]] = {}
    with exact():
        for line in lines:
            name = tuple(str(line.get(k, "")) for k in key)
            before = by.get(name)
            if before is None:
                by[name] = dict(line)
                continue
            for cell in amounts:
                before[cell] = _amount(before.get(cell, ZERO)) + _amount(line.get(cell, ZERO))
            for cell, value in line.items():  # two terms under one key are no sum
                if cell not in amounts and cell not in key and before.get(cell) != value:
                    before[cell] = f"{before.get(cell)}+{value}"
    return by


def _amount(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _told(line: Mapping[str, Any] | None) -> str:
    if line is None:
        return "nothing"
    return ", ".join(f"{cell} {plain(value) if isinstance(value, Decimal) else value}" for cell, value in line.items())


def _without_zero(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [line for line in lines if Decimal(line["quantity"])]
