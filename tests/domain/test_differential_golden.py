"""One history of 1,000 rows as three other programs match it: every match, through the production import and ledger."""

from __future__ import annotations

import json

import pytest

from connectors.files.connector import FileConnector
from service.app import conformance
from tests.domain import golden, plain_matcher, plain_pool


@pytest.mark.parametrize(("scope", "folder", "method"), golden.CASES)
def test_every_match_is_that_of_another_program(scope, folder, method):
    theirs = golden.rows(golden.FOLDER / folder / f"expected_{method}.csv")
    near = {golden.pair_of(r) for r in theirs if r["near_boundary"] == "1"}
    cells = ("disposal_id", "lot_id", "quantity", "proceeds_usd", "basis_usd", "gain_usd", "term")
    fragments = [{cell: r[cell] for cell in cells if cell != "term" or golden.pair_of(r) not in near} for r in theirs]
    income = {
        r["tax_year"]: r["gain_usd"] or r["proceeds_usd"]
        for r in golden.rows(golden.FOLDER / folder / f"totals_{method}.csv")
        if r["term"] == "income"
    }
    vector = {
        "id": method,
        "settings": {"regime": "us", "method": method, "scope": scope},
        "events": golden.history(),
        "expected": {"fragments": fragments, "income_usd_by_year": income},
    }
    found = conformance.check(json.dumps({"format": "neutral-lot-vectors/1", "vectors": [vector]}), FileConnector.normalise)
    assert found.differences == ()


@pytest.mark.parametrize(("scope", "folder", "method"), golden.CASES)
def test_the_plain_matcher_that_judges_us_is_judged_by_them_too(scope, folder, method):
    seen = plain_matcher.match(golden.history(), method, scope=scope)
    ours = [m.row() for m in seen.matches]
    assert golden.differences(ours, golden.rows(golden.FOLDER / folder / f"expected_{method}.csv")) == []
    assert seen.issues == []


def test_the_plain_pools_that_judge_us_are_judged_by_them_too():
    seen = plain_pool.match(golden.history())
    ours = [
        {
            "tax_year": plain_pool.tax_year(day),
            "disposed": day.isoformat(),
            "asset": asset,
            "rule": rule,
            "acquired": bought,
            "quantity": quantity,
            "proceeds": proceeds,
            "allowable_cost": cost,
            "gain": proceeds - cost,
        }
        for (day, asset, rule, bought), (quantity, proceeds, cost) in seen.matches.items()
    ]
    assert golden.differences_uk(ours, golden.rows(golden.FOLDER / "uk_bittytax/expected_uk.csv")) == []
