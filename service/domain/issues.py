"""What is open: a subject, a sentence and a remedy. An issue never stops the others and is always shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Literal


class IssueKind(StrEnum):
    """Every kind stands in docs/reference.md; a test compares."""

    UNREADABLE = "unreadable"  # a record that normalise could not read
    UNKNOWN_ASSET = "unknown_asset"  # in no table; its own pool, no price
    UNMATCHED_WITHDRAWAL = "unmatched_withdrawal"  # left an account and was seen nowhere else
    UNMATCHED_DEPOSIT = "unmatched_deposit"  # arrived from nowhere that we watch: basis and date unknown
    AMBIGUOUS_TRANSFER = "ambiguous_transfer"  # several candidates; waits for a person
    MISSING_PRICE = "missing_price"  # no fair value at the time of the event
    STALE_PRICE = "stale_price"  # current price older than allowed
    PRICE_DISAGREEMENT = "price_disagreement"  # sources differ by more than allowed
    MISSING_BASIS = "missing_basis"  # more left than was ever acquired
    LOT_NOT_AVAILABLE = "lot_not_available"  # a specific identification names what is not there
    LATE_WORD = "late_word"  # a word on lots came after what it is about: a selection counts for nothing, an allocation for want of another
    ALLOCATION_OPEN = "allocation_open"  # one pool became one per account, and the holder has not said which lots went where
    GIFT_AT_COST = "gift_at_cost"  # UK and Canada: a gift left its pool without a gain, which is the rule only between spouses
    BALANCE_DIFFERENCE = "balance_difference"  # derived is not declared
    UNPROVEN_COVERAGE = "unproven_coverage"  # a stream without proof that it is complete
    UNREACHABLE_SPAN = "unreachable_span"  # the source will not answer for a span
    MISSING_RULES = "missing_rules"  # no figures of the tax year: no opinion on savings
    FOREIGN_CURRENCY = "foreign_currency"  # fiat other than the portfolio's: section 988 is not computed
    SYNC_FAILED = "sync_failed"  # the last sync of an account did not finish
    PLAN_DEVIATION = "plan_deviation"  # a sale went otherwise than it was planned, or a record of planned sales was changed
    DELIVERY_FAILED = "delivery_failed"  # an alert that has not left the house


Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Issue:
    kind: IssueKind
    severity: Severity
    subject: str
    """What it is about: a transaction id, "account asset", a stream."""
    says: str
    remedy: str

    @property
    def id(self) -> str:
        """From content, so that a rebuild gives the same id."""
        return content_id("iss", self.kind, self.subject, self.says)


def content_id(prefix: str, *parts: str) -> str:
    """A short id that depends on nothing but its parts."""
    return f"{prefix}_{sha256(chr(31).join(parts).encode()).hexdigest()[:20]}"
