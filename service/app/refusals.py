"""What a use case raises when it will not, or cannot, go on: one sentence each, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.history import Problem


class Refused(Exception):
    """The use case will not do it: `field` names the input, the text is one sentence with the remedy. Exit code 2."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(says)
        self.field = field


class Stopped(Exception):
    """An account cannot go on until a person acts. Exit code 3."""

    def __init__(self, account: str, says: str) -> None:
        super().__init__(says)
        self.account = account


class Busy(Exception):
    """Another process syncs this account. Exit code 1."""

    def __init__(self, account: str) -> None:
        super().__init__(f"{account} is being synced by another process")
        self.account = account


class BadLines(Refused):
    """A file with lines that are wrong: nothing of it was used. `problems`: each names its line and column."""

    def __init__(self, problems: Sequence[Problem], remedy: str) -> None:
        count = f"{len(problems):,} lines are" if len(problems) > 1 else "one line is"
        super().__init__("file", f"{count} wrong, so nothing was taken of it: {remedy}")
        self.problems = tuple(problems)
