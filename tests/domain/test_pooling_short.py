"""What left a pool that never held it is told once, however it left: sold, given away, or carried over to another coin's pool."""

from __future__ import annotations

import copy
import json

import pytest

from connectors.files.connector import FileConnector
from service.app.conformance import check
from service.domain.issues import IssueKind
from service.domain.pooling import acb, section104
from tests.domain.pool_story import bought, given, moved, sold


@pytest.mark.parametrize("book", [section104, acb])
def test_every_shortfall_of_a_pool_is_counted_and_an_issue(book):
    """2 are held of 5 sold; then 1 of a gift and 3 of a wrap were never there; 1 of 2 sold after the wrap is of the 3."""
    made = book(
        [
            bought("2023-01-01", 2, 20),
            sold("2023-06-01", 5, 100),
            given("2023-07-01", 1),
            moved("2023-08-01", 3, to_coin="new", received=1),
            sold("2023-12-01", 2, 50, coin="new"),
        ],
        zone="UTC",
        places=0,
    )
    assert [(one.coin, one.quantity) for one in made.short] == [("coin", 3), ("coin", 1), ("coin", 3), ("new", 1)]
    assert [i.kind for i in made.issues].count(IssueKind.MISSING_BASIS) == len(made.short)


WRAPPED = {
    "id": "wrapped-more-than-held",
    "title": "2 of the 3 that are wrapped were never held",
    "reason": "The one cost 100, and so do the three that it became.",
    "events": [
        {
            "id": "e1", "timestamp": "2023-01-10T16:00:00Z", "kind": "buy", "account": "w", "sent_asset": "USD", "sent_quantity": "100",
            "received_asset": "ETH", "received_quantity": "1", "value_usd": "100",
        },
        {
            "id": "e2", "timestamp": "2023-06-01T16:00:00Z", "kind": "wrap", "account": "w", "sent_asset": "ETH", "sent_quantity": "3",
            "received_asset": "WETH", "received_quantity": "3",
        },
    ],
    "expected": {"fragments": [], "issues": [{"code": "missing_basis", "event_id": "e2", "asset": "ETH", "quantity": "2"}]},
}  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"regime": "uk", "tax_timezone": "Europe/London"},
        {"regime": "ca", "method": "acb", "tax_timezone": "America/Toronto"},
    ],
    ids=["uk", "ca"],
)
def test_a_vector_hears_of_a_wrap_of_more_than_a_pool_holds(settings):
    vector = copy.deepcopy(WRAPPED) | {"settings": settings}
    assert _differences(vector) == []
    vector["expected"]["issues"] = []
    assert _differences(vector) == ["issue missing_basis e2 ETH"]


def _differences(vector):
    text = json.dumps({"format": "neutral-lot-vectors/1", "vectors": [vector]})
    return [d.field for d in check(text, FileConnector.normalise).differences]
