"""Vector files of any program's making, run through the production import and ledger; nothing here computes a lot, a term or a gain.

A file is {"format": …, "vectors": […]}; its format names who runs it (FORMATS). What a vector expects is compared part by part, and
each difference is a value. The schema of lot vectors stands in tests/vectors/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import RawRecord, Transaction, Unreadable
from service.app.conformance import lots
from service.app.conformance.comparing import Difference

__all__ = ["FORMATS", "Difference", "NoVectors", "Report", "check"]

Normalise = Callable[[str, Iterable[RawRecord]], Iterable[Transaction | Unreadable]]
"""The file connector's."""
FORMATS: Mapping[str, Callable[[Mapping[str, Any], Normalise], list[Difference]]] = {"neutral-lot-vectors/1": lots.differences}
"""By the word in a file's "format": one vector → what is otherwise than it expects."""


class NoVectors(ValueError):
    """The file is none that can be run; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Report:
    vectors: tuple[str, ...]
    """Ids, in the order of the file."""
    differences: tuple[Difference, ...]

    @property
    def failed(self) -> frozenset[str]:
        return frozenset(d.vector for d in self.differences)


def check(text: str, normalise: Normalise) -> Report:
    """Runs every vector of one file. Raises NoVectors for a file that is none."""
    vectors, run = _read(text)
    differences: list[Difference] = []
    for vector in vectors:
        differences += run(vector, normalise)
    return Report(tuple(str(v["id"]) for v in vectors), tuple(differences))


def _read(text: str) -> tuple[list[Mapping[str, Any]], Callable[[Mapping[str, Any], Normalise], list[Difference]]]:
    try:
        told = json.loads(text)
    except ValueError:
        raise NoVectors("it is no JSON") from None
    name = told.get("format") if isinstance(told, dict) else None
    run = FORMATS.get(name) if isinstance(name, str) else None
    if run is None:
        says = "it names no format" if name is None else f"its format is {json.dumps(name)}"
        raise NoVectors(f"{says}; known: {', '.join(FORMATS)}")
    if not isinstance(told.get("vectors"), list):
        raise NoVectors('it has no list "vectors"')
    seen: set[str] = set()
    for n, vector in enumerate(told["vectors"], 1):
        own = vector.get("id") if isinstance(vector, dict) else None
        if not isinstance(own, str) or not own:
            raise NoVectors(f"vector {n} has no id")
        if own in seen:
            raise NoVectors(f"it has two vectors {own}")
        seen.add(own)
    return told["vectors"], run
