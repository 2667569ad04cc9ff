"""Opportunities, and what was said before → what to say now: thresholds, hysteresis, cool-down, resolved-because."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

AlertState = Literal["open", "acknowledged", "snoozed", "resolved"]


@dataclass(frozen=True, slots=True)
class AlertRules:
    hysteresis: Decimal = Decimal("0.20")
    """An open alert dies when loss or net saving falls this share below what opened it would need."""
    cool_down: timedelta = timedelta(hours=24)
    """After it resolved, the same subject is quiet for this long."""
    worse_by: Decimal = Decimal("0.50")
    """An open alert speaks again when the net saving has grown by this share (and the cool-down is over)."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of one subject, from its first message until it is resolved. Stored; never rebuilt."""

    id: str
    """From (subject, instant of opening)."""
    subject: str
    """"account coin": one subject has at most one open alert."""
    state: AlertState
    opportunity: str
    created_at: datetime
    changed_at: datetime
    last_said_at: datetime
    net: Decimal
    """Net saving when it last spoke."""
    message: str
    resolved_because: str = ""
    snoozed_until: datetime | None = None
    evidence: str = ""
    """Canonical JSON of all inputs: ledger id, quotes, rule version, profile; `alerts explain` recomputes from it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to deliver, with an id that stays the same however often it is sent."""

    id: str
    alert: str
    kind: Literal["opened", "worse", "resolved", "test"]
    title: str
    body: str
