"""A file of rules and what the user's file of the same name lays over it, figure by figure.

Whatever is wrong is said with the file that it stands in: the user's where they wrote it, else ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from service.settings import Settings, packaged, read_toml

Place = tuple[str, ...]
"""Of a table: ("loss", "carry_back") is [loss.carry_back], () the file itself."""


class Change(NamedTuple):
    """A figure that the user's file says otherwise."""

    jurisdiction: str
    table: str
    """Without brackets; empty for what stands before the first table."""
    key: str
    ours: Any
    """None: ours has no such figure."""
    yours: Any


@dataclass(frozen=True, slots=True)
class Layers:
    code: str
    packaged: Path
    own: Path
    """Where the user's file is, or would be."""
    ours: dict[str, Any]
    yours: dict[str, Any]
    both: dict[str, Any]

    def table(self, place: Place) -> dict[str, Any]:
        """Of both together; empty where there is none. Raises ValueError for what is no table."""
        found = _at(self.both, place)
        if not isinstance(found, dict):
            raise self.wrong(place[:-1], place[-1], "is a table: write it as [" + ".".join(place) + "] with its keys below")
        return found

    def wrong(self, place: Place, key: str, says: str) -> ValueError:
        """The error for a key: file, table and key, and what is the matter."""
        mine, its = _at(self.yours, place), _at(self.ours, place)
        yours = (isinstance(mine, dict) and key in mine) or (mine and not its)
        table = f", [{'.'.join(place)}]" if place else ""
        return ValueError(f"{self.own if yours else self.packaged}{table}: {key} {says}")

    def changed(self, place: Place, but: frozenset[str] = frozenset()) -> bool:
        """The user says something else in this table itself, keys of `but` apart."""
        mine = _at(self.yours, place)
        keys = [key for key, value in mine.items() if key not in but and not isinstance(value, dict)] if isinstance(mine, dict) else []
        return any(self.changed_key(place, key) for key in keys)

    def changed_key(self, place: Place, key: str) -> bool:
        mine, its = _at(self.yours, place), _at(self.ours, place)
        if not isinstance(mine, dict) or key not in mine:
            return False
        return not isinstance(its, dict) or key not in its or not same(its[key], mine[key])

    def told_by_the_user(self, place: Place, key: str) -> bool:
        mine = _at(self.yours, place)
        return isinstance(mine, dict) and key in mine

    def new(self, place: Place) -> bool:
        """The table is the user's alone."""
        return not _at(self.ours, place)

    def changes(self) -> Iterator[Change]:
        """Exactly what the user's file says otherwise, in its order."""
        yield from self._changes((), self.yours)

    def _changes(self, place: Place, table: dict[str, Any]) -> Iterator[Change]:
        its = _at(self.ours, place)
        for key, value in table.items():
            if isinstance(value, dict):
                yield from self._changes((*place, key), value)
                continue
            ours = its.get(key) if isinstance(its, dict) else None
            if ours is None or not same(ours, value):
                yield Change(self.code, ".".join(place), key, _plain(ours), _plain(value))


def codes() -> list[str]:
    """Jurisdictions that have a file."""
    return sorted(path.stem for path in (packaged("config") / "rules").glob("*.toml"))


def read_layers(settings: Settings, code: str) -> Layers:
    """Both files, read. Raises ValueError for a jurisdiction without a file, and for what is no TOML."""
    if code not in codes():
        raise ValueError(f"there are no rules of {code!r}; there are: {', '.join(codes())}")
    ours, own = packaged("config") / "rules" / f"{code}.toml", settings.config_dir / "rules" / f"{code}.toml"
    under, over = read_toml(ours), read_toml(own) if own.is_file() else {}
    return Layers(code, ours, own, under, over, _laid_over(under, over))


def strays(settings: Settings) -> list[Path]:
    """Files of the user's rules folder that lie over none of ours: perhaps a name mistyped."""
    known = set(codes())
    return sorted(path for path in (settings.config_dir / "rules").glob("*.toml") if path.stem not in known)


def _laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _laid_over(under[key], value) if isinstance(value, dict) and isinstance(under.get(key), dict) else value
        for key, value in over.items()
    }
    return {**under, **both}


def _at(table: Any, place: Place) -> Any:
    for key in place:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    return table


def same(ours: object, yours: object) -> bool:
    """Equal, or the same number written otherwise ("0.30", "0.3")."""
    if isinstance(ours, list) and isinstance(yours, list):
        return len(ours) == len(yours) and all(same(a, b) for a, b in zip(ours, yours, strict=True))
    if isinstance(ours, str) and isinstance(yours, str) and ours != yours:
        try:
            return Decimal(ours) == Decimal(yours)
        except InvalidOperation:
            return False
    return type(ours) is type(yours) and ours == yours


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
