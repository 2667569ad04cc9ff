"""The demo's loopback exchanges, chain and inbox, which tests use as fault servers; imports nothing else of service."""

from __future__ import annotations

from service.sandbox.chain import SandboxChain, places, transfers, wallet
from service.sandbox.exchanges import SandboxExchanges
from service.sandbox.inbox import SandboxInbox
from service.sandbox.story import NOW

__all__ = ["NOW", "SandboxChain", "SandboxExchanges", "SandboxInbox", "places", "transfers", "wallet"]
