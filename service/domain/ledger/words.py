"""Which of several words of the holder's on one thing counts: by when each was made, never by the order in which they were told.

Worked example. Sold on 1 March. Told on 1 June: lot a, made that day; told on 2 June: lot b, made on 28 February; told on 3 June: none. The
sale takes b: the words of June came after it and count for nothing (26 CFR 1.1012-1(j)(2): an identification is made no later than the date
and time of the sale), and so does the none, which takes back the late word and not the one that was in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from service.domain.money import ZERO
from service.domain.movements import calendar_day, moment, ticks
from service.domain.statements import Allocation, LotSelection

DUE_2025 = date(2026, 4, 15)
"""Of the return for 2025, without an extension (IRC 6072(a))."""


class Selection(NamedTuple):
    """A word on the lots of one event."""

    made_at: int
    n: int
    """Of two that were made at one instant the one told last counts."""
    said: LotSelection


class Selected(NamedTuple):
    counts: LotSelection | None
    """The newest that was made no later than the event. One without lots: in time the holder named none."""
    late: LotSelection | None
    """The newest that was made after it: it counts for nothing."""
    after: Decimal = ZERO
    """So much of what is named other events of the row take before."""

    @property
    def is_open(self) -> bool:
        """Lots were named too late, and nothing was said in time."""
        return self.counts is None and self.late is not None and bool(self.late.lots)


def selected(said: Iterable[Selection], at: int) -> Selected:
    """`said`: all words about an event, by whichever of its rows they call it; `at`: when it was."""
    ordered = sorted(said, key=lambda word: word[:2])
    in_time = [word.said for word in ordered if word.made_at <= at]
    late = [word.said for word in ordered if word.made_at > at]
    return Selected(in_time[-1] if in_time else None, late[-1] if late else None)


# ------------------------------------------------------------------ where the lots of a common pool went


class Weighed(NamedTuple):
    word: Allocation
    late: str
    """Why it comes too late, as a sentence; empty where it does not."""


def weighed(said: Sequence[Allocation], split_day: int, day_of: Callable[[int], int], first_sale: int | None) -> Weighed:
    """The word on a coin that counts: the newest that was in time, else the newest, since there is no other.

    `said`: at least one, in the order of making. What a correction was told after counts no more, whenever it was made. `first_sale`: of the
    coin since the split, in µs; None: there was none, or it is not known yet.
    """
    since = max((told_at(word) for word in said if word.corrects), default=None)
    standing = [word for word in said if since is None or told_at(word) >= since]
    found = [Weighed(word, too_late(word, split_day, day_of, first_sale)) for word in sorted(standing, key=lambda word: word.made_at)]
    return ([one for one in found if not one.late] or found)[-1]


def told_at(word: Allocation) -> datetime:
    return word.recorded_at or word.made_at


def too_late(word: Allocation, split_day: int, day_of: Callable[[int], int], first_sale: int | None) -> str:
    """Rev. Proc. 2024-28: a rule is written before the split; lots are named by the first sale since, or by the due date of the return."""
    day = day_of(ticks(word.made_at))
    made, split = calendar_day(day), calendar_day(split_day)
    if day < split_day:
        return ""
    if not word.lots:
        return f"A rule must have been written before {split}; this one was recorded on {made}."
    if first_sale is not None and moment(first_sale) < word.made_at:
        return f"The first sale since {split} was on {calendar_day(day_of(first_sale))}; these lots were named on {made}."
    if made > DUE_2025:
        return f"The return for 2025 was due on {DUE_2025}; these lots were named on {made}."
    return ""
