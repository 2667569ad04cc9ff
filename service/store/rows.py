"""Row ↔ value. A column has the name of its field; what is nested goes through plain JSON by the field's declared type.

    Lot(quantity=Decimal("1.5"), flags=("spam",), …)  ⇄  {"quantity": Decimal("1.5"), "flags": ["spam"], …}
    Amount(coin=Coin(…), quantity=Decimal("2"))       ⇄  {"coin": {…}, "quantity": "2", …}

Both ways are exact: decimals travel as text, a float is refused, and decode(type, encode(value)) == value.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Literal, NewType, TypeVar, Union

from sqlalchemy import RowMapping, Table

from service.domain.money import plain
from service.store.types import CanonicalJson, iso

T = TypeVar("T")


# ------------------------------------------------------------------ values ↔ JSON


def encode(value: Any) -> Any:
    """A dataclass or its parts as JSON values. Raises TypeError for a float and for what it does not know."""
    kind = type(value)
    if kind in (str, int, bool, NoneType):
        return value
    if kind is Decimal:
        if not value.is_finite():
            raise TypeError(f"{value} is no amount")
        return plain(value)
    if kind in (tuple, list):
        return [encode(v) for v in value]
    if is_dataclass(kind):
        return {name: encode(getattr(value, name)) for name in hints(kind)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    raise TypeError(f"a {kind.__name__} cannot be stored")


Reader = Callable[[Any], Any]
_READ: dict[Any, Reader] = {}


def decode(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `encode` wrote. A field that the JSON lacks takes the dataclass's default."""
    return reader(kind)(value)


def reader(kind: Any) -> Reader:
    """The function that reads a `kind`, worked out once. Raises TypeError for a type that cannot be stored."""
    if kind not in _READ:
        _READ[kind] = _new_reader(kind)
    return _READ[kind]


def _new_reader(kind: Any) -> Reader:
    if isinstance(kind, NewType):
        return reader(kind.__supertype__)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        (only,) = (reader(part) for part in inner if part is not NoneType)
        return lambda value: None if value is None else only(value)
    if origin is Literal or kind in (str, int, bool, Any):
        return lambda value: value
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        each = reader(inner[0])
        return lambda value: tuple([each(v) for v in value])
    if origin is tuple:
        parts = [reader(part) for part in inner]
        return lambda value: tuple([read(v) for read, v in zip(parts, value, strict=True)])
    if origin is not None and issubclass(origin, Mapping):
        of_value = reader(inner[1])
        return lambda value: {k: of_value(v) for k, v in value.items()}
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and is_dataclass(kind):
        fields_of = [(name, reader(hint)) for name, hint in hints(kind).items()]
        return lambda value: kind(**{name: read(value[name]) for name, read in fields_of if name in value})
    raise TypeError(f"{kind} cannot be read back")


_SCALARS: dict[Any, Reader] = {
    Decimal: Decimal,
    datetime: lambda value: datetime.fromisoformat(value).astimezone(UTC),
    date: date.fromisoformat,
    timedelta: lambda value: timedelta(microseconds=value),
}


_HINTS: dict[object, Mapping[str, Any]] = {}


def hints(kind: type[Any]) -> Mapping[str, Any]:
    """Field → declared type, in the order of the fields; worked out once a type."""
    if kind not in _HINTS:
        declared = typing.get_type_hints(kind)
        _HINTS[kind] = {f.name: declared[f.name] for f in fields(kind)}
    return _HINTS[kind]


# ------------------------------------------------------------------ values ↔ rows


def row_of(value: Any, table: Table, **more: Any) -> dict[str, Any]:
    """The columns of a dataclass value, and `more` columns. Raises LookupError for a field that has no column."""
    row = dict(more)
    for name in hints(type(value)):
        found = getattr(value, name)
        if name not in table.c:
            raise LookupError(f"{table.name} has no column for {type(value).__name__}.{name}")
        if isinstance(table.c[name].type, CanonicalJson):
            found = encode(found)
        elif isinstance(found, Enum):
            found = found.value
        row[name] = found
    return row


def value_of(kind: type[T], row: RowMapping, table: Table) -> T:
    """The value that a row of `table` holds."""
    return kind(**{name: convert(row[name]) if convert else row[name] for name, convert in _readers(kind, table)})


_READERS: dict[tuple[object, str], tuple[tuple[str, Reader | None], ...]] = {}


def _readers(kind: type[Any], table: Table) -> tuple[tuple[str, Reader | None], ...]:
    """Field and how its column's value becomes the field's; None where it is that value already."""
    if (kind, table.name) not in _READERS:
        found: list[tuple[str, Reader | None]] = []
        for name, hint in hints(kind).items():
            nested = isinstance(table.c[name].type, CanonicalJson)
            word = isinstance(hint, type) and issubclass(hint, Enum)
            found.append((name, reader(hint) if nested or word else None))
        _READERS[kind, table.name] = tuple(found)
    return _READERS[kind, table.name]
