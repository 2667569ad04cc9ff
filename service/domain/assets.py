"""One canonical asset for what each source calls by its own code, by the dated table config/assets.toml.

Worked example: "binance:ETH", "kraken:XETH" and "eip155:1/slip44:60" are all "eth", so that a withdrawal from an
exchange and its receipt on a chain meet in one kind of lot. "binance:LUNA" means one coin before 2022-05-28 and
another after it, while "kraken:LUNA" has always been the older one: an exchange's own row goes before a row "*:LUNA", which stands for
that code on any exchange and is curated for the few tickers that mean the same everywhere. What no row names stays its own
asset, with its own pool and without a price: never by ticker alone. One rule stands beside the rows: Kraken names a balance that is staked or
earns by the coin's code and a suffix ("SUI.F", "DOT28.S", "EUR.M"), so what no row names in full is the coin before the suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.contract import Asset

_KRAKEN_SUFFIX = re.compile(r"kraken:(?P<code>(?P<bare>.+?)(?:\d\d(?=\.S))?)\.(?:S|M|F|B|P)")
"""Kraken's balances of a coin: .S staked (two digits before it: bonded for that many days), .M, .F and .B earning, .P in a parachain's auction."""
_HELD_BACK: Mapping[str, Literal["staked", "locked"]] = {"S": "staked", "M": "staked", "B": "staked", "P": "locked"}
"""Of those, what must be set free before it can be sold."""
_NFT = "nft:"
"""What a holder's file calls a one-unit asset by a name of its own: "nft:ape-7"."""
_KRAKEN_MONEY = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "AED"})


@dataclass(frozen=True, slots=True)
class Coin:
    """A canonical asset."""

    id: str
    symbol: str
    kind: Literal["coin", "fiat", "nft"]
    known: bool = True
    peg: str = ""
    """Fiat code that a curated stable coin stands for: its fair value where no quote is nearer."""


@dataclass(frozen=True, slots=True)
class Naming:
    """From `since` to before `until`, `asset` is `coin`. The asset "*:ETH" stands for that code on any exchange."""

    asset: Asset
    coin: Coin
    since: datetime | None = None
    until: datetime | None = None


class AssetTable:
    """resolve(asset, at) → Coin. Immutable once built."""

    def __init__(self, namings: Iterable[Naming], version: str) -> None:
        self.version = version
        self._by_asset: dict[Asset, list[Naming]] = {}
        self._by_word: dict[str, Coin] = {}
        rows = tuple(namings)
        for naming in rows:
            self._by_asset.setdefault(naming.asset, []).append(naming)
            self._by_word.setdefault(naming.coin.id, naming.coin)
        self._coins = dict(self._by_word)
        for naming in rows:  # an older symbol of a renamed coin finds the coin as it is now
            self._by_word.setdefault(naming.coin.symbol.lower(), self._by_word[naming.coin.id])
        self._dated = {naming.asset for naming in rows if naming.since is not None or naming.until is not None}
        self._always: dict[Asset, Coin] = {}
        """Answers that hold at any time, kept as they are asked for."""

    def resolve(self, asset: Asset, at: datetime) -> Coin:
        """The coin that `asset` was at that time; an unknown one is itself, under its own code."""
        known = self._always.get(asset)
        if known is not None:
            return known
        coin, always = self._resolved(asset, at)
        if always:
            self._always[asset] = coin
        return coin

    def is_lasting(self, asset: Asset) -> bool:
        """Whether the last answer of `resolve` for it holds at any time."""
        return asset in self._always

    def coin(self, id: str) -> Coin:
        """The curated coin of a canonical id; of any other the one that `resolve` makes of what no table names."""
        found = self._coins.get(id)
        if found is None:
            found = self._coins[id] = _unknown(Asset(id))
        return found

    def _resolved(self, asset: Asset, at: datetime) -> tuple[Coin, bool]:
        """The coin, and whether it is so at any time."""
        if asset.startswith("fiat:"):
            return _unknown(asset), True
        always = asset not in self._dated and _anywhere(asset) not in self._dated
        if coin := self._named(asset, at):
            return coin, always
        if suffixed := _KRAKEN_SUFFIX.fullmatch(asset):
            whole, bare = Asset(f"kraken:{suffixed['code']}"), suffixed["bare"]
            always = always and whole not in self._dated and _anywhere(whole) not in self._dated
            if coin := self._named(whole, at):  # digits may belong to the code
                return coin, always
            coin, inner = self._resolved(Asset(f"fiat:{bare}" if bare in _KRAKEN_MONEY else f"kraken:{bare}"), at)
            return coin, always and inner
        return _unknown(asset), always

    def _named(self, asset: Asset, at: datetime) -> Coin | None:
        """What a row says, the source's own before one for any exchange."""
        for named in (asset, _anywhere(asset)):
            for naming in self._by_asset.get(named, ()):
                if (naming.since is None or naming.since <= at) and (naming.until is None or at < naming.until):
                    return naming.coin
        return None

    def find(self, word: str) -> Coin | None:
        """The curated coin of a canonical id or symbol, as people write it in price files; None when there is none."""
        return self._by_word.get(word.lower()) or next((n.coin for n in self._by_asset.get(Asset(word), ())), None)

    def coins(self) -> tuple[Coin, ...]:
        """Each curated coin once, under its newest symbol where the table lists that first."""
        return tuple({coin.id: self._by_word[coin.id] for coin in self._by_word.values()}.values())


def _unknown(asset: Asset) -> Coin:
    """What no row names: money, a one-unit asset of its own, or a coin under its own code.

    What lies on a chain, or is one of a kind, is called by its whole id: one contract may stand on several chains, and nobody owns a name.
    """
    if asset.startswith("fiat:"):
        return Coin(id=str(asset), symbol=asset.removeprefix("fiat:"), kind="fiat")
    is_single = is_one_of_a_kind(asset)
    symbol = str(asset) if is_single or "/" in asset else asset.rpartition(":")[2]
    return Coin(id=str(asset), symbol=symbol, kind="nft" if is_single else "coin", known=False)


def held_back(asset: str) -> Literal["staked", "locked"] | None:
    """Why coins that lie under a source's own code cannot be sold as they lie; None: nothing is known against it."""
    return _HELD_BACK.get(asset.rpartition(".")[2]) if _KRAKEN_SUFFIX.fullmatch(asset) else None


def is_one_of_a_kind(name: str) -> bool:
    """Whether an asset, or the coin named after it, is a token that is one of its kind."""
    return name.startswith(_NFT) or "/erc721:" in name or "/erc1155:" in name


def _anywhere(asset: Asset) -> Asset:
    """ "binance:ETH" → "*:ETH"; what lies on a chain, or is one of a kind, has a place of its own and no such code."""
    return Asset("") if "/" in asset or asset.startswith(_NFT) else Asset(f"*:{asset.partition(':')[2]}")
