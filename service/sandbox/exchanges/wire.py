"""What the three exchanges share on the wire: a refusal, whole numbers in a query, times, and the two sides' knowledge of a chain's transactions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web

Clock = Callable[[], datetime]
Row = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """The request is answered with this body and status."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(status))
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the one account that each exchange has. `secret` is what the client signs with."""

    name: str
    secret: str
    may_write: bool


@dataclass(frozen=True, slots=True)
class OnChain:
    """Labels of the story → transaction hashes; names → addresses."""

    hashes: Mapping[str, str]
    places: Mapping[str, str]

    def hash(self, label: str) -> str:
        """The hash; for a chain that the sandbox has no node of, one made from the label."""
        return self.hashes.get(label) or hashlib.sha256(label.encode()).hexdigest()

    def address(self, name: str) -> str:
        """The address; for a chain without a node one that cannot be mistaken for a real one."""
        return self.places.get(name) or f"sandbox-{name}"


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(text=json.dumps(body, separators=(",", ":")), status=status, content_type="application/json", headers=headers)


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def seconds(at: datetime) -> float:
    """Seconds since 1970 as Kraken writes them, with four decimals. A time, never an amount."""
    return round(at.timestamp(), 4)


def iso(at: datetime) -> str:
    """2024-05-01T12:00:00.123456Z"""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def id_of(*parts: object) -> str:
    """A UUID that is the same for the same parts."""
    return str(uuid5(NAMESPACE_URL, "sandbox " + " ".join(map(str, parts))))


def number_of(*parts: object, digits: int) -> int:
    """A number of so many digits, the same for the same parts."""
    low: int = 10 ** (digits - 1)
    return low + int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()) % (9 * low)
