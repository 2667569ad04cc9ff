"""Column types that keep what they are given: exact decimals, aware UTC times, canonical JSON, text that both databases take.

SQLite has no decimal and no time zone: a plain Numeric column there is REAL and a DateTime drops its zone, both without a
warning. So a decimal is canonical TEXT on SQLite and NUMERIC without a scale on PostgreSQL, and an instant is fixed-width
ISO text (which sorts as time does) on SQLite and TIMESTAMP WITH TIME ZONE on PostgreSQL. Canonical decimals as text neither
sort nor add up in SQL: order and sum them in Python.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Numeric, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from service.domain.money import plain


def canonical_json(value: Any) -> str:
    """One text for one value: keys sorted, no spaces, ASCII only (so that no NUL or surrogate reaches the database)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def iso(at: datetime) -> str:
    """Fixed width, microseconds, UTC: 2024-01-02T03:04:05.000006Z. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("a stored time must know its zone")
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")[:-6] + "Z"


def words(text: str) -> str:
    """The text as it can be stored: a NUL or a lone surrogate, which a token's name may hold, is shown as a sign."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\u2400").encode("utf-8", "replace").decode("utf-8")


class ExactDecimal(TypeDecorator[Decimal]):
    """A finite Decimal, unchanged in value; written in one way (no exponent, no trailing zeros), so equal values are equal rows."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise TypeError(f"an amount must be a finite Decimal, not {type(value).__name__} {value}")
        text = plain(value)
        return Decimal(text) if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        return None if value is None else Decimal(value)


class UtcTime(TypeDecorator[datetime]):
    """An aware instant, in and out in UTC, to the microsecond."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        text = iso(value)
        return datetime.fromisoformat(text) if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


class CanonicalJson(TypeDecorator[Any]):
    """Any JSON value as canonical text; SQL never looks inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        return canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        return None if value is None else json.loads(value)


class Words(TypeDecorator[str]):
    """Text, as `words` has it: PostgreSQL takes neither a NUL nor a lone surrogate."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        return None if value is None else words(value)
