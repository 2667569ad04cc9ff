"""One tax case in the words of the vector files (tests/vectors/README.md), answered by the production engine.

Four kinds, told apart by what they say: a year ("input", or its words bare), a holding period by days ("acquired") or by instants
("acquired_utc"), and the best lots to sell ("lots"). What a case expects is not looked at here; service.app.conformance compares it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from service.app.refusals import Refused
from service.app.tax_cases import holding, optimum, year
from service.app.tax_cases.optimum import Best
from service.app.tax_cases.reading import BadCase, Fields, from_json
from service.app.tax_cases.year import RulesOf

__all__ = ["PROSE", "BadCase", "Refused", "Ways", "answer"]

PROSE = ("id", "title", "why", "reason", "note", "kind", "source", "oracles")
"""Words of a case that change nothing."""
_EXPECTED = ("expect", "first_long_date", "local", "utc")


class Ways(NamedTuple):
    """What the computation needs from outside."""

    rules_of: RulesOf
    best: Best


def answer(text: str, ways: Ways) -> dict[str, Any]:
    """{"tax": …} of one case as JSON. Raises Refused: the case as a whole, with a sentence for each word that is wrong."""
    try:
        told = from_json(text)
        return {"tax": {**_name(told), **_answer(told, ways)}}
    except BadCase as wrong:
        raise Refused("file", "; ".join(wrong.says)) from None


def _name(told: Any) -> dict[str, str]:
    return {"id": told["id"]} if isinstance(told, dict) and isinstance(told.get("id"), str) else {}


def _answer(told: Any, ways: Ways) -> dict[str, Any]:
    words = set(told) if isinstance(told, dict) else set()
    if isinstance(told, list) or words & {"vectors", "date_vectors", "timestamp_vectors"}:
        raise BadCase("it holds many cases; `thresher conformance FILE` runs them, and this answers one")
    if "lots" in words:
        return optimum.answer(optimum.read(told, *PROSE, *_EXPECTED), ways.rules_of, ways.best)
    if words & {"acquired_utc", "sold_utc", "taxpayer_tz"}:
        return holding.answer_instants(holding.read_instants(told, *PROSE, *_EXPECTED))
    if words & {"acquired", "sold"}:
        return holding.answer_days(holding.read_days(told, *PROSE, *_EXPECTED))
    if "input" in words:
        fields = Fields(told)
        inside = fields.any("input")
        fields.finish(*PROSE, *_EXPECTED)
        fields.check()
        return year.answer(year.read(inside, "input"), ways.rules_of)
    if words & {"year", "filing_status", *year.INPUT}:
        return year.answer(year.read(told), ways.rules_of)
    raise BadCase('it is no case: give a year ("year", "filing_status", …), a holding period ("acquired", "sold") or "lots"')
