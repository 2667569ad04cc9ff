"""Cases of lot accounting, worked by hand, through the production import and ledger: the shared ones and our own (tests/vectors), none left out."""

from __future__ import annotations

import json

import pytest

from connectors.files.connector import FileConnector
from service.app import conformance
from service.domain.rules import first_long_date, local_date, term
from tests.domain.plain_matcher import moment
from tests.tools import ROOT, shared

FILES = sorted((ROOT / "tests/vectors").glob("*.json"))
REPORTS = {}


def vectors():
    return [(file, vector["id"]) for file in FILES for vector in json.loads(file.read_text(encoding="utf-8"))["vectors"]]


def report(file):
    """Each file is run once."""
    if file not in REPORTS:
        REPORTS[file] = conformance.check(file.read_text(encoding="utf-8"), FileConnector.normalise)
    return REPORTS[file]


@pytest.mark.parametrize(("file", "vector"), vectors(), ids=[f"{file.stem}-{name}" for file, name in vectors()])
def test_the_ledger_gives_what_was_worked_out_by_hand(file, vector):
    assert vector in report(file).vectors
    assert [f"{d.field}: expected {d.expected}, got {d.got}" for d in report(file).differences if d.vector == vector] == []


def test_the_shared_vectors_are_all_here():
    theirs = json.loads(shared("ledger/vectors.json").read_text(encoding="utf-8"))
    assert json.loads((ROOT / "tests/vectors/shared_ledger.json").read_text(encoding="utf-8")) == theirs


def test_no_two_vectors_have_one_name():
    names = [name for _, name in vectors()]
    assert len(names) == len(set(names))


def _holding(kind):
    place = ROOT.parent / "shared/vectors/tax/vectors_holding_us.json"
    return json.loads(place.read_text())[kind] if place.exists() else []


@pytest.mark.parametrize("vector", _holding("date_vectors"), ids=lambda v: v["id"])
def test_long_from_the_day_that_the_law_counts(vector):
    acquired, sold = (moment(f"{vector[k]}T12:00:00Z") for k in ("acquired", "sold"))
    assert first_long_date(acquired.date()).isoformat() == vector["first_long_date"]
    assert term(acquired, sold, "UTC") == vector["expect"]


@pytest.mark.parametrize("vector", _holding("timestamp_vectors"), ids=lambda v: v["id"])
def test_the_taxpayers_own_day_decides(vector):
    acquired, sold = moment(vector["acquired_utc"]), moment(vector["sold_utc"])
    for zone, told in ((vector["taxpayer_tz"], vector["local"]), ("UTC", vector["utc"])):
        assert local_date(acquired, zone).isoformat() == told["acquired"]
        assert local_date(sold, zone).isoformat() == told["sold"]
        assert local_date(sold, zone).year == told["tax_year"]
        assert term(acquired, sold, zone) == told["expect"]
