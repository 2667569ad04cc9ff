"""Binance, Kraken and Coinbase on loopback, in their own wire formats and with their own rules; a person's rows come from the story."""

from __future__ import annotations

from service.sandbox.exchanges.server import SandboxExchanges

__all__ = ["SandboxExchanges"]
