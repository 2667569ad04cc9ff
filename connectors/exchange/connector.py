"""The exchange connector: any ccxt exchange by its id, Binance, Kraken and Coinbase by dialects of their own.

It opens nothing before it is asked. The key's rights are the first private call of every probe, and a key that can do more than read is refused
with the names of the rights. Source.name is the ccxt id, Source.settings may hold base_url, Source.secrets the credentials as ccxt names them.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import localcontext
from typing import ClassVar, TypeVar

from connectors.clients.exchange import StrictExchange, strict_exchange
from connectors.contract import (
    Balance,
    Balances,
    ConnectorError,
    Cursor,
    Field,
    Identity,
    InvalidInput,
    Page,
    RawRecord,
    Source,
    SourceChanged,
    Spec,
    Transaction,
    Unreadable,
)
from connectors.exchange.dialects import binance, binance_rows, coinbase, coinbase_rows, generic, generic_rows, kraken, kraken_rows
from connectors.exchange.dialects.base import Dialect, Normalise, Opened
from connectors.exchange.normalise import EXACT

T = TypeVar("T")

CREDENTIALS = ("apiKey", "secret", "password", "uid", "accountId", "login", "twofa", "privateKey", "walletAddress", "token")
"""Every credential that ccxt has a name for."""


@dataclass(frozen=True, slots=True)
class Known:
    """An exchange with a dialect of its own."""

    make: Callable[[Opened], Dialect]
    normalise: Normalise
    credentials: tuple[str, ...] = ("apiKey", "secret")


DIALECTS: Mapping[str, Known] = {
    "binance": Known(binance.Binance, binance_rows.normalise),
    "kraken": Known(kraken.Kraken, kraken_rows.normalise),
    "coinbase": Known(coinbase.Coinbase, coinbase_rows.normalise),
}
GENERIC = Known(generic.Generic, generic_rows.normalise, ())
"""Every other exchange; what it needs is asked of ccxt when it is opened."""


class ExchangeConnector:
    """One key of one exchange. See connectors.contract.Connector."""

    spec: ClassVar[Spec] = Spec(
        name="exchange",
        kind="exchange",
        version="1",
        fields=(
            Field("base_url", "origin that stands for the exchange's own addresses: a proxy or a loopback server", required=False),
            Field("apiKey", "the key's name or id, as the exchange shows it", secret=True, required=False),
            Field("secret", "the key's secret", secret=True, required=False),
            *(Field(name, f"{name}, where the exchange needs it", secret=True, required=False) for name in CREDENTIALS[2:]),
        ),
    )

    def __init__(self, source: Source) -> None:
        if len(source.accounts) != 1:
            raise InvalidInput("account", "an exchange key is exactly one account")
        self._source = source
        self._known = DIALECTS.get(source.name, GENERIC)
        self._secrets = {name: value for name, value in source.secrets.items() if value}
        if strange := sorted(set(self._secrets) - set(CREDENTIALS)):
            raise InvalidInput(strange[0], f"no credential has that name; there are: {', '.join(CREDENTIALS)}")
        self._ex = self._client("")
        for name in self._known.credentials:
            if name not in self._secrets:
                raise InvalidInput(
                    name, f"{source.name} needs {name}: give {' and '.join(self._known.credentials)} of a key that can only read"
                )
        if not self._secrets:
            raise InvalidInput("apiKey", f"give the credentials of a {source.name} key that can only read")
        self._apart: StrictExchange | None = None
        self._dialect = self._known.make(Opened(self._ex, self._expensive, source.accounts[0].id, source.now))

    def __repr__(self) -> str:
        return f"ExchangeConnector({self._source.name!r})"

    @property
    def streams(self) -> tuple[str, ...]:
        return self._dialect.streams

    async def probe(self) -> Identity:
        """Who it is, and that it may only read. Raises AccessDenied, RetryLater, SourceChanged, and InvalidInput for a missing credential."""
        await self._ex.open()
        rights = await self._shaped(self._dialect.rights())
        return Identity(self._identity(rights.owner), rights.permissions, rights.says)

    async def fetch(self, stream: str, since: Cursor | None) -> AsyncIterator[Page]:
        """Pages after `since`; ends only on proof, else raises."""
        try:
            async for page in self._dialect.fetch(stream, since):
                yield page
        except ConnectorError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise SourceChanged(f"{self._source.name} {stream}: a row of a shape that is not known ({type(wrong).__name__})") from None

    async def balances(self, at: Mapping[str, Cursor]) -> Balances:  # noqa: ARG002 - the contract's; an exchange keeps no past
        """What the exchange declares now."""
        moment = self._source.now()
        amounts = await self._shaped(self._dialect.balances())
        account = self._source.accounts[0].id
        held = tuple(Balance(account, asset, amounts[asset]) for asset in sorted(amounts) if amounts[asset])
        return Balances(held, moment)

    async def aclose(self) -> None:
        await self._ex.aclose()
        if self._apart is not None:
            await self._apart.aclose()

    @staticmethod
    def normalise(source: str, records: Iterable[RawRecord]) -> Iterable[Transaction | Unreadable]:
        """Pure; each exchange's own words decide."""
        return DIALECTS.get(source, GENERIC).normalise(source, records)

    def _client(self, limiter: str) -> StrictExchange:
        source = self._source
        return strict_exchange(
            source.name,
            now=source.now,
            shared=source.shared,
            rate_scale=source.rate_scale,
            credentials=self._secrets,
            base_url=source.settings.get("base_url"),
            limiter=limiter,
        )

    def _expensive(self) -> StrictExchange:
        if self._apart is None:
            self._apart = self._client("expensive")
        return self._apart

    def _identity(self, owner: str) -> str:
        """A replaced key opens the same account, so the account's own name decides; the key itself where the exchange gives no name."""
        key = self._secrets.get("apiKey") or self._secrets.get("walletAddress") or min(self._secrets.values())
        words = f"{self._source.name}\x1fowner\x1f{owner}" if owner else f"{self._source.name}\x1f{key}"
        return hashlib.sha256(words.encode()).hexdigest()[:24]

    async def _shaped(self, answer: Awaitable[T]) -> T:
        try:
            with localcontext(EXACT):
                return await answer
        except ConnectorError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            if isinstance(wrong, InvalidInput):
                raise
            raise SourceChanged(f"{self._source.name}: an answer of a shape that is not known ({type(wrong).__name__})") from None
