"""Words to use cases. Nothing heavy is imported before a command runs: `thresher --help` answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

SHORTEST_SECRET = 40
"""Characters; what is shorter in all is no phrase and no key, and is not looked at."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit codes: 0 done; 1 done, but something is open; 2 wrong usage or input; 3 an account needs a person."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if kind := _wallet_secret(given):
        article = "an" if kind[0] in "aeiou" else "a"
        sys.stderr.write(
            f"thresher: this looks like {article} {kind}. It was not stored. thresher only watches: give a public address. "
            "Your shell may keep it in its history: remove it there, and move the coins if anybody else could have seen it.\n"
        )
        sys.exit(2)
    if given[:1] == ["gains"]:
        from service.cli.straight import straight

        code = straight(given[1:])
        if code is not None:
            if arguments is None:  # the process is over: a million values need not be taken apart one by one
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
            sys.exit(code)
    from service.cli.commands import command

    sys.exit(command(given))


def _without_name(word: str) -> str:
    """The value of a figure alone: names such as short, rate, trade and share are words of seed phrases too."""
    from dataclasses import fields

    from service.domain.harvest import Costs, Thresholds
    from service.domain.tax import Profile

    name, equals, value = word.partition("=")
    is_figure = name.partition("@")[0] in {field.name for of in (Profile, Thresholds, Costs) for field in fields(of)}
    return value if equals and is_figure else word


def _wallet_secret(given: list[str]) -> str | None:
    """The kind of wallet secret among the words, before any of them can be stored or repeated. A URL may hold a key of its own."""
    words = [word for word in given if "://" not in word]
    if given[:2] == ["profile", "set"]:
        words = [_without_name(word) for word in words]
    if sum(map(len, words)) < SHORTEST_SECRET:
        return None
    from connectors.clients.secrets import secret_kind

    return next((kind for text in (*words, " ".join(words)) if (kind := secret_kind(text))), None)
