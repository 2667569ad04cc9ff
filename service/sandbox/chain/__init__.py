"""The demo's chain: recorded once from a real node, served on loopback by the answers that the node gave.

`transfers` names the transactions that the sandbox's exchanges know too, so that both sides of a move have one hash.
"""

from __future__ import annotations

from service.sandbox.chain.recording import load
from service.sandbox.chain.server import Fault, SandboxChain

__all__ = ["Fault", "SandboxChain", "places", "transfers", "wallet"]


def transfers() -> dict[str, str]:
    """Label of the story ("kraken-eth-1") → transaction hash, lower case."""
    return dict(load().transfers)


def places() -> dict[str, str]:
    """Name of the story ("wallet", "binance-deposit", "router", "USDC") → checksummed address."""
    return dict(load().places)


def wallet() -> str:
    """The watched address, checksummed."""
    return load().places["wallet"]
