"""The demo's loopback exchanges, chain and inbox, which tests use as fault servers; imports nothing else of service."""

from __future__ import annotations

from service.sandbox.chain import SandboxChain, places, transfers, wallet
from service.sandbox.inbox import SandboxInbox

__all__ = ["SandboxChain", "SandboxInbox", "places", "transfers", "wallet"]
