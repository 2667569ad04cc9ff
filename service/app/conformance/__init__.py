"""Vector files of any program's making, run through the production code; nothing here computes a lot, a term, a gain or a tax.

A file is {"format": …, "vectors": […]}; its format names who runs it (FORMATS). Tax vectors bear no format; the words of their file tell what they
are (taxes.of). A file that says what its kind does not know is refused as a whole: a check that nobody makes is no pass. What a vector expects
is compared part by part, and each difference is a value. The schemas stand in tests/vectors/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, NoReturn

from connectors.contract import RawRecord, Transaction, Unreadable
from service.app import nesting
from service.app.conformance import lots, schema, taxes
from service.app.conformance.comparing import Difference
from service.app.tax_cases import Ways

__all__ = ["FORMATS", "Difference", "Format", "NoVectors", "Report", "check"]

Normalise = Callable[[str, Iterable[RawRecord]], Iterable[Transaction | Unreadable]]
"""The file connector's."""
Vector = Mapping[str, Any]


class Format(NamedTuple):
    problems: Callable[[Vector], list[str]]
    """A vector with an id → a sentence for each word of it that is not known, or missing."""
    differences: Callable[[Vector, Normalise], list[Difference]]
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


class _Run(NamedTuple):
    vector: Vector
    problems: Callable[[Vector], list[str]]
    differences: Callable[[Vector], list[Difference]]


def check(text: str, normalise: Normalise, ways: Ways | None = None) -> Report:
    """Runs every vector of one file; those of taxes where there are `ways` to compute them.

    Raises NoVectors for a file that is none, or says what nobody would look at: then nothing is run.
    """
    runs = (_of_taxes(text, ways) if ways else None) or _of_lots(text, normalise)
    _identified(run.vector for run in runs)
    if wrong := [says for run in runs for says in run.problems(run.vector)]:
        raise NoVectors(*wrong)
    differences = [found for run in runs for found in run.differences(run.vector)]
    return Report(tuple(str(run.vector["id"]) for run in runs), tuple(differences))


def _of_lots(text: str, normalise: Normalise) -> list[_Run]:
    told = _parsed(text, _no_float)
    name = told.get("format") if isinstance(told, dict) else None
    of = FORMATS.get(name) if isinstance(name, str) else None
    if of is None:
        says = "it names no format" if name is None else f"its format is {json.dumps(name)}"
        raise NoVectors(f"{says}; known: {', '.join(FORMATS)}, and tax vectors, which name none")
    return [_Run(vector, of.problems, partial(_lots, of, normalise)) for vector in _list(told, "vectors")]


def _lots(of: Format, normalise: Normalise, vector: Vector) -> list[Difference]:
    return of.differences(vector, normalise)


def _taxes(kind: taxes.Kind, ways: Ways, vector: Vector) -> list[Difference]:
    return kind.differences(vector, ways)


def _of_taxes(text: str, ways: Ways) -> list[_Run] | None:
    """None for a file of another kind."""
    told = _parsed(text, Decimal, Decimal)
    if not isinstance(told, dict) or told.get("format") in FORMATS:
        return None
    lists = [name for name in told if name.endswith("vectors")]
    if not any(taxes.of(vector) for name in lists if isinstance(told[name], list) for vector in told[name]):
        return None
    runs = []
    for n, vector in enumerate((vector for name in lists for vector in _list(told, name)), 1):
        kind = taxes.of(vector)
        if kind is None:
            raise NoVectors(f"vector {n} is no case of taxes: it has none of {', '.join(taxes.KINDS)}")
        runs.append(_Run(vector, kind.problems, partial(_taxes, kind, ways)))
    if told.get("count", len(runs)) != len(runs):
        raise NoVectors(f"it counts {told['count']} vectors and has {len(runs)}")
    return runs


def _parsed(text: str, fraction: Callable[[str], Any], whole: Callable[[str], Any] = int) -> Any:
    try:
        return nesting.loads(text, object_pairs_hook=_object, parse_float=fraction, parse_int=whole, parse_constant=_no_float)
    except NoVectors:
        raise
    except ValueError:
        raise NoVectors("it is no JSON") from None


def _list(told: Vector, name: str) -> list[Any]:
    vectors = told.get(name)
    if not isinstance(vectors, list):
        raise NoVectors(f'it has no list "{name}"')
    if not vectors:
        raise NoVectors(f'its list "{name}" is empty')
    return vectors


def _identified(vectors: Iterable[Any]) -> None:
    seen: set[str] = set()
    for n, vector in enumerate(vectors, 1):
        own = vector.get("id") if isinstance(vector, dict) else None
        if not isinstance(own, str) or not own:
            raise NoVectors(f"vector {n} has no id")
        if own in seen:
            raise NoVectors(f"it has two vectors {own}")
        seen.add(own)


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
