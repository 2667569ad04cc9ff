"""How issues and messages are told to people: accounts by their labels, and many issues of one cause as one.

Worked example: 1,200 sales of a coin that never came in are one issue "1,200 times between 2023-01-04 and 2026-02-11, first: …",
and not 1,200 lines that hide the next cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from service.app.ports import Account
from service.domain.issues import Issue, IssueKind
from service.domain.reconcile import Booked

FEW = 3
"""So many of one cause are still told one by one."""
REPEATING = frozenset({IssueKind.MISSING_BASIS, IssueKind.MISSING_PRICE})
"""Kinds whose subject is "transaction coin", and that come once for each event."""

_ACCOUNT = re.compile(r"\bacc_[0-9a-f]{20}\b")


def labels_of(accounts: Iterable[Account]) -> dict[str, str]:
    return {account.id: account.label for account in accounts}


def named(text: str, labels: Mapping[str, str]) -> str:
    """The text with account ids replaced by labels."""
    return _ACCOUNT.sub(lambda found: labels.get(found.group(), found.group()), text)


def gathered(issues: Sequence[Issue], rows: Sequence[Booked], labels: Mapping[str, str]) -> tuple[Issue, ...]:
    """Each issue once, ordered by id, repeating ones gathered by account and coin, in words of the holder."""
    at = {row.id: row for row in rows}
    groups: dict[tuple[str, ...], list[Issue]] = {}
    for issue in {i.id: i for i in issues}.values():
        event, _, coin = issue.subject.partition(" ")
        row = at.get(event.removesuffix("/fee"))
        key: tuple[str, ...] = (issue.kind, issue.severity, row.account, coin) if issue.kind in REPEATING and row else (issue.id,)
        groups.setdefault(key, []).append(issue)
    told: list[Issue] = []
    for key, group in groups.items():
        told += [_one(key, group, at)] if len(group) > FEW else group
    words = (replace(i, says=named(i.says, labels), remedy=named(i.remedy, labels)) for i in told)
    return tuple(sorted(words, key=lambda i: i.id))


def _one(key: tuple[str, ...], group: Sequence[Issue], at: Mapping[str, Booked]) -> Issue:
    _, _, account, coin = key
    dated = sorted((at[i.subject.partition(" ")[0].removesuffix("/fee")].occurred_at, i.id, i) for i in group)
    first, last = dated[0], dated[-1]
    says = f"{len(group):,} times between {first[0]:%Y-%m-%d} and {last[0]:%Y-%m-%d}, first: {first[2].says}"
    return replace(first[2], subject=f"{account} {coin}", says=says)
