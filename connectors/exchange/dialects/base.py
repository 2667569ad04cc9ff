"""What the connector asks of a dialect: the words of one exchange, and nothing of the host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from connectors.clients.exchange import StrictExchange
from connectors.contract import AccessDenied, Asset, Cursor, Page, RawRecord, Transaction, Unreadable


@dataclass(frozen=True, slots=True)
class Opened:
    """What every dialect is made of."""

    exchange: StrictExchange
    expensive: Callable[[], StrictExchange]
    """A client with a pace of its own, for calls that would hold up all others for half a minute."""
    account: str
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do, as its exchange says."""

    permissions: Literal["read-only", "unverified"]
    says: tuple[str, ...] = ()
    owner: str = ""
    """Whose account the key opens, in the exchange's own words (an account number, a portfolio); empty where it does not say."""


class Dialect(Protocol):
    """One exchange's endpoints. Made for one key; holds what it learned until it is closed."""

    @property
    def streams(self) -> tuple[str, ...]: ...

    async def rights(self) -> Rights:
        """The first private calls, the key's rights before all others. Raises AccessDenied for a key that can do more than read, or too little."""

    def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]: ...

    async def balances(self) -> Mapping[Asset, Decimal]: ...


Normalise = Callable[[str, Iterable[RawRecord]], Iterable[Transaction | Unreadable]]


def refuse(exchange: str, rights: Iterable[str]) -> None:
    """Raises AccessDenied naming exactly the rights that must go; does nothing where there are none."""
    remove = tuple(sorted(rights))
    if remove:
        raise AccessDenied(
            f"This {exchange} key can do more than read: remove {', '.join(remove)} from it, or make a new key that can only read.", remove
        )
