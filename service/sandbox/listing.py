"""Which pairs the sandbox's exchanges list, and the smallest steps of their prices and quantities. Few, but in each exchange's own spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Pair:
    """`symbol` is the exchange's own id; `base` and `quote` are plain tickers, "BTC" and "USD"."""

    symbol: str
    base: str
    quote: str
    price_step: Decimal
    lot_step: Decimal


NAMES: Mapping[str, str] = {
    "BTC": "Bitcoin",
    "ETH": "Ethereum",
    "SOL": "Solana",
    "LINK": "Chainlink",
    "ADA": "Cardano",
    "DOT": "Polkadot",
    "BNB": "BNB",
    "USDT": "Tether",
    "USDC": "USD Coin",
    "USD": "US Dollar",
}


def _listed(text: str) -> dict[str, Pair]:
    pairs = (
        Pair(symbol, base, quote, Decimal(price), Decimal(lot))
        for symbol, base, quote, price, lot in map(str.split, text.split("\n")[1:-1])
    )
    return {pair.symbol: pair for pair in pairs}


PAIRS: Mapping[str, Mapping[str, Pair]] = {
    "binance": _listed("""
BTCUSDT  BTC  USDT 0.01      0.00001
ETHUSDT  ETH  USDT 0.01      0.0001
SOLUSDT  SOL  USDT 0.01      0.001
LINKUSDT LINK USDT 0.01      0.01
ADAUSDT  ADA  USDT 0.0001    0.1
DOTUSDT  DOT  USDT 0.001     0.01
BNBUSDT  BNB  USDT 0.01      0.001
USDCUSDT USDC USDT 0.00001   1
BTCUSDC  BTC  USDC 0.01      0.00001
ETHUSDC  ETH  USDC 0.01      0.0001
ETHBTC   ETH  BTC  0.00001   0.001
SOLBTC   SOL  BTC  0.0000001 0.1
LINKBTC  LINK BTC  0.0000001 0.1
BNBBTC   BNB  BTC  0.00001   0.001
"""),
    "kraken": _listed("""
XXBTZUSD BTC  USD  0.1       0.00000001
XETHZUSD ETH  USD  0.01      0.00000001
SOLUSD   SOL  USD  0.01      0.00000001
LINKUSD  LINK USD  0.00001   0.00000001
ADAUSD   ADA  USD  0.000001  0.00000001
DOTUSD   DOT  USD  0.0001    0.00000001
BNBUSD   BNB  USD  0.01      0.00000001
USDTZUSD USDT USD  0.00001   0.00000001
USDCUSD  USDC USD  0.0001    0.00000001
XETHXXBT ETH  BTC  0.00001   0.00000001
"""),
    "coinbase": _listed("""
BTC-USD  BTC  USD  0.01      0.00000001
ETH-USD  ETH  USD  0.01      0.00000001
SOL-USD  SOL  USD  0.01      0.00000001
LINK-USD LINK USD  0.001     0.01
ADA-USD  ADA  USD  0.0001    0.00000001
DOT-USD  DOT  USD  0.001     0.00000001
BNB-USD  BNB  USD  0.01      0.00000001
USDT-USD USDT USD  0.00001   0.01
BTC-USDC BTC  USDC 0.01      0.00000001
ETH-USDC ETH  USDC 0.01      0.00000001
"""),
}


def pair(exchange: str, base: str, quote: str) -> Pair:
    """The pair of two tickers. Raises StopIteration where the exchange does not list it."""
    return next(one for one in PAIRS[exchange].values() if (one.base, one.quote) == (base, quote))


def fixed(number: Decimal, places: int) -> str:
    """The number with exactly so many decimals. Raises ValueError where it has more."""
    text = f"{number:.{places}f}"
    if Decimal(text) != number:
        raise ValueError(f"{number} has more than {places} decimals")
    return text


def plain(number: Decimal) -> str:
    """The number without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
