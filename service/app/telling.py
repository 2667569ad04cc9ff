"""How issues and messages are told to people: accounts by their labels, and many issues of one cause as one.

Worked example: 1,200 sales of a coin that never came in are one issue "1,200 times between 2023-01-04 and 2026-02-11, first: …",
and not 1,200 lines that hide the next cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from service.app import proof
from service.app.ports import Account, App
from service.app.sources import PORTFOLIO
from service.domain.issues import Issue, IssueKind

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


async def told(app: App) -> tuple[Issue, ...]:
    """What is open now, as people are told it."""
    issues = [*await app.store.issues(PORTFOLIO), *await proof.issues(app)]
    named = [name for issue in issues if issue.kind in REPEATING for name in _rows(issue)]
    seen = await app.store.seen(PORTFOLIO, named) if named else {}
    return gathered(issues, seen, labels_of(await app.store.accounts(PORTFOLIO)))


def gathered(issues: Sequence[Issue], seen: Mapping[str, tuple[str, datetime]], labels: Mapping[str, str]) -> tuple[Issue, ...]:
    """Each issue once, ordered by id, repeating ones gathered by account and coin, in words of the holder.

    `seen`: row → account and time, of the rows that repeating issues name.
    """
    groups: dict[tuple[str, ...], list[Issue]] = {}
    times: dict[str, datetime] = {}
    for issue in {i.id: i for i in issues}.values():
        place = next((seen[name] for name in _rows(issue) if name in seen), None) if issue.kind in REPEATING else None
        key: tuple[str, ...] = (issue.id,)
        if place is not None:
            key = (issue.kind, issue.severity, place[0], issue.subject.partition(" ")[2])
            times[issue.id] = place[1]
        groups.setdefault(key, []).append(issue)
    found: list[Issue] = []
    for key, group in groups.items():
        found += [_one(key, group, times)] if len(group) > FEW else group
    words = (replace(i, says=named(i.says, labels), remedy=named(i.remedy, labels)) for i in found)
    return tuple(sorted(words, key=lambda i: i.id))


def _rows(issue: Issue) -> list[str]:
    """The row that an issue of an event is about: the event bears its id, perhaps with more behind it ("/fee", "/rest")."""
    event = issue.subject.partition(" ")[0]
    parts = event.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _one(key: tuple[str, ...], group: Sequence[Issue], times: Mapping[str, datetime]) -> Issue:
    _, _, account, coin = key
    dated = sorted((times[i.id], i.id, i) for i in group)
    first, last = dated[0], dated[-1]
    says = f"{len(group):,} times between {first[0]:%Y-%m-%d} and {last[0]:%Y-%m-%d}, first: {first[2].says}"
    return replace(first[2], subject=f"{account} {coin}", says=says)
