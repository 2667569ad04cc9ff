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
from functools import partial
from typing import Any, Literal, NewType, TypeVar, Union

from sqlalchemy import RowMapping, Table

from service.domain.money import plain
from service.store.types import CanonicalJson, iso

T = TypeVar("T")


# ------------------------------------------------------------------ values ↔ JSON


def encode(value: Any) -> Any:
    """A dataclass or its parts as JSON values. Raises TypeError for a float and for what it does not know."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value} is no amount")
        return plain(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [encode(v) for v in value]
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def decode(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `encode` wrote. A field that the JSON lacks takes the dataclass's default."""
    if isinstance(kind, NewType):
        return decode(kind.__supertype__, value)
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else decode(_only(kind), value)
    if origin is Literal or kind in (str, int, bool, Any):
        return value
    if origin is tuple:
        return _decoded_tuple(typing.get_args(kind), value)
    if origin is not None and issubclass(origin, Mapping):
        inner = typing.get_args(kind)[1]
        return {k: decode(inner, v) for k, v in value.items()}
    if kind is Decimal:
        return Decimal(value)
    if kind is datetime:
        return datetime.fromisoformat(value).astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    if kind is timedelta:
        return timedelta(microseconds=value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: decode(hint, value[name]) for name, hint in hints(kind).items() if name in value})
    raise TypeError(f"{kind} cannot be read back")


def _only(kind: Any) -> Any:
    """X of X | None."""
    (inner,) = (a for a in typing.get_args(kind) if a is not type(None))
    return inner


def _decoded_tuple(parts: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return tuple(decode(parts[0], v) for v in value)
    return tuple(decode(part, v) for part, v in zip(parts, value, strict=True))


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


_READERS: dict[tuple[object, str], tuple[tuple[str, Callable[[Any], Any] | None], ...]] = {}


def _readers(kind: type[Any], table: Table) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Field and how its column's value becomes the field's; None where it is that value already."""
    if (kind, table.name) not in _READERS:
        found: list[tuple[str, Callable[[Any], Any] | None]] = []
        for name, hint in hints(kind).items():
            nested = isinstance(table.c[name].type, CanonicalJson)
            word = isinstance(hint, type) and issubclass(hint, Enum)
            found.append((name, partial(decode, hint) if nested or word else None))
        _READERS[kind, table.name] = tuple(found)
    return _READERS[kind, table.name]
