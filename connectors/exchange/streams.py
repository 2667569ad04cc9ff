"""How a stream is read to a proven end: plans of windows and pages, and the small pieces that every dialect needs.

A windowed stream walks from the exchange's beginning to one pinned instant in windows as wide as the endpoint allows. A window is done when a
short page ended it; an empty one proves only itself, so the walk goes on. The cursor is the end of the last finished window. The next read
begins a day before it, since a row may change its status after it was read. A definite "no such endpoint" is a gap with a name; every other
failure raises, and nothing is recorded.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.clients.exchange import NotOffered
from connectors.contract import Coverage, Cursor, Gap, Page, RawRecord, RetryLater, SourceChanged

DAY = 86_400_000
"""Milliseconds."""
OVERLAP = DAY
"""Read again before the end of the last read: rows may change their status meanwhile."""
RESTARTS = 5
"""How often a span whose total changes is begun again before the host is told to come back later."""
LONGEST_WAIT = 90 * DAY
"""What has waited longer than this is not read again for its status."""

Row = dict[str, Any]
Rows = list[Row]


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def instant(value: Any, unit: int = 1000) -> datetime:
    """UTC time of a number of 1/unit seconds, given as number or text. Raises SourceChanged for anything else."""
    try:
        micros = int(Decimal(str(value)) * 1_000_000 / unit)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    except (InvalidOperation, OverflowError, ValueError) as wrong:
        raise SourceChanged(f"a time that cannot be read ({type(wrong).__name__})") from None


def iso_instant(text: Any) -> datetime:
    """UTC time of an ISO text; without a zone it is UTC. Raises SourceChanged."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise SourceChanged("a time that cannot be read") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def listed(value: Any, *path: str) -> Rows:
    """The list of rows under `path`. Raises SourceChanged where the envelope is not the one we know."""
    for step in path:
        if not isinstance(value, dict) or step not in value:
            raise SourceChanged(f"an answer without {step!r}")
        value = value[step]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise SourceChanged(f"an answer whose {path[-1] if path else 'body'!r} is not a list of rows")
    return value


def member(value: Any, name: str) -> Any:
    """A member that must be there. Raises SourceChanged."""
    if not isinstance(value, dict) or name not in value:
        raise SourceChanged(f"an answer without {name!r}")
    return value[name]


def record(account: str, stream: str, key: str, at: datetime, row: Row, **more: Any) -> RawRecord:
    """The row as its source gave it; in an envelope {"row": …} with what a later reading needs and the row does not say."""
    payload = {"row": row, **more} if more else row
    return RawRecord(account, stream, key, at, json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def stored(since: Cursor | None) -> dict[str, Any]:
    """The cursor's own words; an empty mapping at the beginning. Raises SourceChanged for one that is not ours."""
    if not since:
        return {}
    try:
        value = json.loads(since)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SourceChanged("a cursor that this connector did not write")
    return value


def cursor(words: Mapping[str, Any]) -> Cursor:
    return Cursor(json.dumps(words, sort_keys=True, separators=(",", ":")))


@dataclass(slots=True)
class Tally:
    """What one read of a stream cost and found, for its coverage."""

    account: str
    stream: str
    requests: int = 0
    rows: int = 0

    def proven(self, until_ms: int, proof: str, unreachable: Sequence[Gap] = ()) -> tuple[Coverage, ...]:
        return (Coverage(self.account, self.stream, None, instant(until_ms), proof, self.requests, self.rows, tuple(unreachable)),)

    def absent(self, since: Cursor | None, now: datetime, why: str) -> Page:
        """The page of a stream that the exchange does not offer: no rows, the cursor unmoved, a gap with its reason."""
        gap = Gap(None, None, why)
        found = Coverage(self.account, self.stream, None, now, f"unproven: {why}", self.requests, self.rows, (gap,))
        return Page((), since or cursor({}), coverage=(found,))


Ask = Callable[[int, int], AsyncIterator[Rows]]
"""Pages of rows with a time in [first, last], both in milliseconds; returns only when the window is complete."""


@dataclass(frozen=True, slots=True)
class Windowed:
    """A stream that answers for a span of time."""

    name: str
    begin_ms: int
    """Before this there is nothing, or nothing can be asked."""
    width_ms: int
    ask: Ask
    record: Callable[[Row], RawRecord]
    ends: str = "short page"
    gaps: tuple[Gap, ...] = field(default=())
    overlap_ms: int = OVERLAP
    optional: bool = False
    """Where the exchange definitely does not offer it, the account is read without it, and the gap is named."""
    waits: Callable[[Row], bool] = lambda _: False
    """Whether a row may still change: the next read begins before the oldest of them, however long ago it is (up to LONGEST_WAIT)."""
    nameless: bool = False
    """The rows have no id of their own, so two that look alike are two."""

    async def pages(self, since: Cursor | None, now: datetime, tally: Tally) -> AsyncIterator[Page]:
        """Page by page from the cursor to `now`, the last one with the proof."""
        end = millis(now)
        known = stored(since).get("until")
        first = self.begin_ms if known is None else max(self.begin_ms, begins_again(stored(since), end, self.overlap_ms))
        waiting: int | None = None
        reached = since or cursor({})
        try:
            while first <= end:
                last = min(first + self.width_ms - 1, end)
                seen: dict[str, int] = {}
                async for rows in self.ask(first, last):
                    tally.rows += len(rows)
                    if not rows:
                        continue
                    found = [self.record(row) for row in rows]
                    waiting = earliest(waiting, (millis(one.occurred_at) for one, row in zip(found, rows, strict=True) if self.waits(row)))
                    yield Page(tuple(numbered(found, seen) if self.nameless else found), reached)
                again = earliest(waiting, [last + 1] if last < int(known or 0) else [])  # what follows was read before this walk, not in it
                reached = reached_to(max(last, int(known or 0)), again)
                proof = f"{self.ends} at the end of every window of {self.width_ms // DAY} days up to now" if last == end else ""
                covered = tally.proven(end, proof, self.gaps) if proof else ()
                yield Page((), reached, coverage=covered)
                first = last + 1
        except NotOffered as absent:
            if not self.optional:
                raise
            yield tally.absent(since, now, str(absent))


def begins_again(words: Mapping[str, Any], end: int, overlap_ms: int = OVERLAP) -> int:
    """Where the read after the cursor {until, waiting} begins: before its end by the overlap, and with the oldest row that waited."""
    overlapping = int(words["until"]) - overlap_ms
    return max(min(overlapping, int(words.get("waiting", overlapping))), min(overlapping, end - LONGEST_WAIT))


def reached_to(until_ms: int, waiting: int | None, **more: Any) -> Cursor:
    """The cursor that begins_again() understands. `waiting`: time of the oldest row that may still change."""
    return cursor({"until": until_ms, **more, **({} if waiting is None else {"waiting": waiting})})


def earliest(known: int | None, times: Iterable[int]) -> int | None:
    return min([*times, *([] if known is None else [known])], default=None)


async def counted(what: str, page: Callable[[int], Awaitable[tuple[Rows, int]]]) -> Rows:
    """All rows of a span that is told by page numbers, from `page(number)` → (rows, total). A row that comes in between shifts all others, so
    that one is told twice and another not at all: where the total changes, the span is begun again. Raises RetryLater if it never rests."""
    for _ in range(RESTARTS):
        found, expected = await page(1)
        total, number = expected, 1
        while total == expected and len(found) < expected:
            number += 1
            rows, total = await page(number)
            if not rows and total == expected:
                raise SourceChanged(f"{what}: fewer rows than its total says")
            found = found + rows
        if total == expected:
            return found
    raise RetryLater(f"{what}: the total kept changing while it was read")


def numbered(records: Sequence[RawRecord], seen: dict[str, int]) -> list[RawRecord]:
    """Rows without an id of their own may look alike: the second of the same key is "key#2". `seen` counts over one window."""
    result = []
    for one in records:
        seen[one.key] = count = seen.get(one.key, 0) + 1
        result.append(one if count == 1 else replace(one, key=f"{one.key}#{count}"))
    return result
