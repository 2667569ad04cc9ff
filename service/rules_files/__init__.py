"""config/rules/<jurisdiction>.toml, the user's rules/<jurisdiction>.toml laid over it → values of service.domain.rules.

A file is checked as a whole whenever anything of it is read: an unknown key, another kind of value, rules that overlap in time, a missing source
or confidence raise ValueError with file, table and key. Nothing is guessed, and no year stands in for another. docs/reference.md tells
the format.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.rules import Jurisdiction, Rules
from service.rules_files import figures, profile
from service.rules_files.layers import Change, codes, read_layers, strays
from service.settings import Settings

__all__ = ["Change", "changes", "codes", "jurisdiction", "rules"]


def rules(settings: Settings, year: int, jurisdiction: str = "us", status: str = "single") -> Rules:
    """The federal figures of one tax year for a filing status. Raises ValueError for a year that no file has, and for a file that cannot be used."""
    of = read_layers(settings, jurisdiction)
    profile.jurisdiction(of)
    return figures.rules(of, year, status)


def jurisdiction(settings: Settings, code: str) -> Jurisdiction:
    """All that a jurisdiction's file states. Raises ValueError for an unknown one, and for a file that cannot be used."""
    return profile.jurisdiction(read_layers(settings, code))


def changes(settings: Settings, only: Sequence[str] = ()) -> list[Change]:
    """What the user's files change, of these jurisdictions or of all. Raises ValueError for a file that cannot be used or has an unknown name."""
    if not only and (unknown := strays(settings)):
        raise ValueError(f"{unknown[0]} lies over no rules of ours; there are: {', '.join(codes())}")
    found: list[Change] = []
    for code in only or codes():
        of = read_layers(settings, code)
        profile.jurisdiction(of)
        found += of.changes()
    return found
