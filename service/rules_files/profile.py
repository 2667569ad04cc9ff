"""The sections of a jurisdiction's file → Jurisdiction. What a section may hold stands here; anything else is named as unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import combinations
from typing import Literal, TypeVar, get_args

from service.domain.rules import (
    AssetClass,
    Basis,
    Computed,
    Holding,
    Jurisdiction,
    Loss,
    Rate,
    Stated,
    Window,
    YearStart,
)
from service.domain.statements import MethodName
from service.rules_files import figures
from service.rules_files.layers import Layers, Place
from service.rules_files.tables import Read, Table, dated, refuse_overlap, stated

T = TypeVar("T")

METHODS = (
    *get_args(MethodName),
    *("average", "acb", "section104"),
    *("portfolio_formula", "total_average", "moving_average", "actual_cost"),  # stated, not computed
)
COMPUTED = ("basis", "holding", "loss", "windows", "rates")
"""Sections that say whether thresher applies them."""


def jurisdiction(of: Layers) -> Jurisdiction:
    """Raises ValueError for the first mistake, with file, table and key."""
    top = Table(of, ())
    name, currency, as_of = top.text("name"), top.text("currency"), top.day("as_of")
    top.done()
    parts = {section: _Section(of, section) for section in (*COMPUTED, "tax_year", "disposal", "harvest", "expiries", "watch")}
    for section in of.both:
        if isinstance(of.both[section], dict) and section not in parts and not figures.is_year(of, section):
            raise of.wrong((), section, f"is no section; there are: {', '.join(parts)}")
    found = Jurisdiction(
        code=of.code,
        name=name,
        currency=currency,
        as_of=as_of,
        computed=tuple(parts[section].computed() for section in COMPUTED),
        basis=_basis(parts["basis"]),
        tax_year=parts["tax_year"].needed("start", _year_start),
        loss=_loss(parts["loss"]),
        harvest=parts["harvest"].needed("possible", lambda t: t.word("value", ("yes", "limited", "no"))),
        holding=parts["holding"].topic("period", _holding),
        crypto_to_crypto=parts["disposal"].topic("crypto_to_crypto", lambda t: t.flag("value")),
        windows=_windows(of, parts["windows"]),
        rates={rate: parts["rates"].topic(rate, _rate) for rate in parts["rates"].names()},
        expiries=tuple(replace(one, until=one.value) for one in parts["expiries"].each(lambda t: t.day("value"))),
        watch=parts["watch"].each(_text),
        figures=tuple(figures.stated(of)),
    )
    for part in parts.values():
        part.done()
    _refuse_foreign_default(of, found.basis)
    return found


@dataclass
class _Section:
    """[loss] with its own keys and the tables in it."""

    of: Layers
    name: str
    read: set[str] = field(default_factory=set)

    @property
    def _only_tables(self) -> str:
        return f"is no table; a rule is one, [{self.name}.…] with value, confidence and source"

    def names(self) -> list[str]:
        return [key for key, value in self.of.table((self.name,)).items() if isinstance(value, dict)]

    def computed(self) -> Computed:
        """What the program does is not the user's to say."""
        for key in ("computed", "says"):
            if self.of.told_by_the_user((self.name,), key):
                raise self.of.wrong((self.name,), key, "says what thresher itself computes; a file cannot change that")
        table = Table(self.of, (self.name,))
        found = Computed(self.name, table.flag("computed"), table.text("says"))
        table.done(self._only_tables)
        return found

    def topic(self, key: str, read: Read[T]) -> tuple[Stated[T], ...]:
        """Statements about one thing; none where the file is silent."""
        self.read.add(key)
        return dated(self.of, (self.name, key), read)

    def needed(self, key: str, read: Read[T]) -> tuple[Stated[T], ...]:
        found = self.topic(key, read)
        if not found:
            raise self.of.wrong((self.name,), key, f"is missing: write [{self.name}.{key}] with value, confidence and source")
        return found

    def each(self, read: Read[T]) -> tuple[Stated[T], ...]:
        """One statement for each table, whatever its name."""
        self.read.update(self.names())
        return tuple(stated(self.of, (self.name, key), read) for key in self.names())

    def done(self) -> None:
        """Raises ValueError for a table, or a key beside the tables, that nobody read."""
        if self.name not in COMPUTED:
            Table(self.of, (self.name,)).done(self._only_tables)
        for key in self.names():
            if key not in self.read:
                raise self.of.wrong((self.name,), key, f"is unknown here; there may be: {', '.join(sorted(self.read))}")


def _basis(part: _Section) -> Basis:
    return Basis(
        rule=part.needed("rule", _text),
        methods=part.needed("methods", lambda t: t.words("value", METHODS)),
        default=part.needed("default", lambda t: t.word("value", METHODS)),
        select_lots=part.needed("select_lots", lambda t: t.word("value", ("yes", "limited", "no", "not_applicable"))),
        scope=part.topic("scope", lambda t: t.word("value", ("account", "universal"))),
        id_deadline=part.topic("id_deadline", _text),
    )


def _loss(part: _Section) -> Loss:
    return Loss(
        offset=part.needed("offset", _text),
        carry_forward=part.needed("carry_forward", lambda t: t.either("value", "unlimited")),
        carry_back=part.topic("carry_back", lambda t: t.whole("value")),
        character=part.topic("character", _text),
        claim=part.topic("claim", _text),
    )


def _text(table: Table) -> str:
    return table.text("value")


def _year_start(table: Table) -> YearStart:
    """ "04-06": month and day."""
    text = table.text("value")
    month, dash, day = text.partition("-")
    if not (dash and len(month) == len(day) == 2 and text.replace("-", "", 1).isdecimal() and _is_day(int(month), int(day))):
        raise table.wrong("value", 'is month and day such as "04-06", no 29 February')
    return YearStart(int(month), int(day))


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _holding(table: Table) -> Holding:
    kind: Literal["none", "more_than", "at_least"] = table.word("kind", ("none", "more_than", "at_least"))
    if kind == "none":
        return Holding("none")
    months = table.whole("months") if "months" in table else None
    days = table.whole("days") if "days" in table or months is None else None
    return Holding(kind, months, days, table.text("counting", ""), table.text("effect"))


def _rate(table: Table) -> Rate:
    unit: Literal["share", "money", "text"] = table.word("unit", ("share", "money", "text"))
    if unit == "text":
        return Rate(table.text("value"), unit)
    return Rate(table.amount("value", Decimal(1) if unit == "share" else None), unit)


def _window(table: Table) -> Window:
    kind: Literal["none", "days", "purpose"] = table.word("kind", ("none", "days", "purpose"))
    assets: tuple[AssetClass, ...] = table.words("assets", get_args(AssetClass))
    condition, effect = table.text("condition", ""), table.text("effect", "")
    if kind != "days":
        return Window(kind, assets, condition=condition, effect=effect)
    return Window(kind, assets, table.whole("before_days"), table.whole("after_days"), table.flag("same_day"), condition, effect)


def _windows(of: Layers, part: _Section) -> tuple[Stated[Window], ...]:
    """Of those about one class of assets, one on a day; that there is none yields to a window that binds."""
    found = part.each(_window)
    for one, other in combinations(found, 2):
        if set(one.value.assets) & set(other.value.assets) and (one.value.kind == "none") == (other.value.kind == "none"):
            refuse_overlap(of, one, other)
    return found


def _refuse_foreign_default(of: Layers, basis: Basis) -> None:
    """The method in force where nothing is chosen is one of those allowed."""
    allowed = {method for one in basis.methods for method in one.value}
    for one in _binding(basis.default):
        if one.value not in allowed:
            place: Place = tuple(one.place.split("."))
            raise of.wrong(place, "value", f"is {one.value!r}, which [basis.methods] does not allow")


def _binding(those: Iterable[Stated[T]]) -> list[Stated[T]]:
    return [one for one in those if one.binds]
