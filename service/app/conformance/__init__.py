"""Vector files of any program's making, run through the production import and ledger; nothing here computes a lot, a term or a gain.

A file is {"format": …, "vectors": […]}; its format names who runs it (FORMATS). A file that says what its format does not know is refused as
a whole: a check that nobody makes is no pass. What a vector expects is compared part by part, and each difference is a value. The schema of
lot vectors stands in tests/vectors/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from connectors.contract import RawRecord, Transaction, Unreadable
from service.app.conformance import lots, schema
from service.app.conformance.comparing import Difference

__all__ = ["FORMATS", "Difference", "Format", "NoVectors", "Report", "check"]

Normalise = Callable[[str, Iterable[RawRecord]], Iterable[Transaction | Unreadable]]
"""The file connector's."""


class Format(NamedTuple):
    problems: Callable[[Mapping[str, Any]], list[str]]
    """A vector with an id → a sentence for each word of it that is not known, or missing."""
    differences: Callable[[Mapping[str, Any], Normalise], list[Difference]]
    """A vector without problems → what is otherwise than it expects."""


FORMATS: Mapping[str, Format] = {"neutral-lot-vectors/1": Format(schema.problems, lots.differences)}
"""By the word in a file's "format"."""


class NoVectors(ValueError):
    """The file is none that can be run."""

    def __init__(self, *says: str) -> None:
        super().__init__("; ".join(says))
        self.says: Sequence[str] = says
        """A sentence for each thing that is wrong; at least one."""


@dataclass(frozen=True, slots=True)
class Report:
    vectors: tuple[str, ...]
    """Ids, in the order of the file."""
    differences: tuple[Difference, ...]

    @property
    def failed(self) -> frozenset[str]:
        return frozenset(d.vector for d in self.differences)


def check(text: str, normalise: Normalise) -> Report:
    """Runs every vector of one file. Raises NoVectors for a file that is none, or says what nobody would look at: then nothing is run."""
    vectors, of = _read(text)
    if wrong := [says for vector in vectors for says in of.problems(vector)]:
        raise NoVectors(*wrong)
    differences: list[Difference] = []
    for vector in vectors:
        differences += of.differences(vector, normalise)
    return Report(tuple(str(v["id"]) for v in vectors), tuple(differences))


def _read(text: str) -> tuple[list[Mapping[str, Any]], Format]:
    try:
        told = json.loads(text, object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float)
    except NoVectors:
        raise
    except (ValueError, RecursionError):
        raise NoVectors("it is no JSON") from None
    name = told.get("format") if isinstance(told, dict) else None
    of = FORMATS.get(name) if isinstance(name, str) else None
    if of is None:
        says = "it names no format" if name is None else f"its format is {json.dumps(name)}"
        raise NoVectors(f"{says}; known: {', '.join(FORMATS)}")
    vectors = told.get("vectors")
    if not isinstance(vectors, list):
        raise NoVectors('it has no list "vectors"')
    if not vectors:
        raise NoVectors('its list "vectors" is empty')
    seen: set[str] = set()
    for n, vector in enumerate(vectors, 1):
        own = vector.get("id") if isinstance(vector, dict) else None
        if not isinstance(own, str) or not own:
            raise NoVectors(f"vector {n} has no id")
        if own in seen:
            raise NoVectors(f"it has two vectors {own}")
        seen.add(own)
    return vectors, of


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice the first would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NoVectors(f"{twice} stands twice in the object {found.get('id', 'that has no id')}")
    return found


def _no_float(number: str) -> NoReturn:
    raise NoVectors(f"the number {number} is not in quotes: amounts are decimal text")
