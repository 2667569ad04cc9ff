"""`thresher gains --from`: the same history beside other programs, and random ones beside the plain matchers; what is written, read back."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import pytest

from service.app.gains import Asked, gains, of_file
from service.domain.assets import AssetTable
from tests.domain import golden, plain_matcher
from tests.domain.random_history import History, lines
from tests.tools import shared

NO_TABLE = AssetTable([], "none")


def ours(file, method, scope=None):
    """Rows of the file that `--csv` writes, and the totals."""
    past, problems = of_file("".join(file), NO_TABLE, window=timedelta(hours=72))
    assert not problems
    found = gains(past, Asked(method, scope), lines_only=True)
    return list(csv.DictReader([",".join(found.columns), *found.lines])), found.totals


def theirs(rows, method, scope):
    """The plain matcher's matches as rows of the same file."""
    return [m.row() for m in plain_matcher.match(rows, method, scope=scope).matches]


@pytest.mark.parametrize(("scope", "folder", "method"), golden.CASES)
def test_every_match_and_total_is_that_of_another_program(scope, folder, method):
    made, totals = ours(golden.HISTORY.read_text(encoding="utf-8").splitlines(keepends=True), method, scope)
    told = golden.rows(golden.FOLDER / folder / f"expected_{method}.csv")
    assert golden.differences(made, told) == []
    same = ("asset", "account", "acquired", "disposed")
    assert {(r["disposal_id"], r["lot_id"], *(r[c] for c in same)) for r in made} == {
        (r["disposal_id"], r["lot_id"], *(r[c] for c in same)) for r in told
    }
    _compare_totals(totals, golden.rows(golden.FOLDER / folder / f"totals_{method}.csv"), told, method)


def _compare_totals(totals, told, fragments, method):
    """By tax year; by term too where no match near the boundary of a year moves sums between terms."""
    near = {r["disposed"][:4] for r in fragments if r["near_boundary"] == "1"}
    cells = {"proceeds_usd": lambda t: t.proceeds, "gain_usd": lambda t: t.proceeds - t.basis}
    for cell, of in cells.items():
        made, expected = {}, {}
        for t in totals:
            key = (str(t.year), t.term if t.term == "income" or str(t.year) not in near else "both")
            made[key] = made.get(key, Decimal(0)) + Decimal(of(t)).scaleb(-30)
        for row in told:
            key = (row["tax_year"], row["term"] if row["term"] == "income" or row["tax_year"] not in near else "both")
            expected[key] = expected.get(key, Decimal(0)) + Decimal(row[cell] or 0)
        expected = {key: value for key, value in expected.items() if cell == "proceeds_usd" or key[1] != "income"}
        made = {key: value for key, value in made.items() if cell == "proceeds_usd" or key[1] != "income"}
        assert made.keys() == expected.keys(), method
        assert all(abs(made[key] - expected[key]) < Decimal("0.00001") for key in made), method


def test_every_united_kingdom_match_is_that_of_another_program():
    made, _ = ours(golden.HISTORY.read_text(encoding="utf-8").splitlines(keepends=True), "section104")
    assert golden.differences_uk(made, golden.rows(golden.FOLDER / "uk_bittytax/expected_uk.csv")) == []


@pytest.mark.parametrize("style", ["trader", "hoarder"])
@pytest.mark.parametrize("scope", ["account", "universal"])
@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "lofo"])
def test_random_histories(method, scope, style):
    for seed in range(4):
        rows = History(seed, 200, style=style, short=scope == "account").rows
        assert golden.differences(ours(lines(rows), method, scope)[0], theirs(rows, method, scope)) == []


@pytest.mark.parametrize("scope", ["account", "universal"])
def test_random_histories_by_the_moving_average(scope):
    for seed in range(4):
        rows = History(seed, 200, known=True).rows
        assert golden.differences(ours(lines(rows), "average", scope)[0], theirs(rows, "average", scope)) == []


@pytest.fixture(scope="module", params=["balanced", "hoarder"])
def generated(request, tmp_path_factory):
    """A file of the shared generator."""
    script = shared("ledger/make_history.py")
    file = tmp_path_factory.mktemp("history") / "history.csv"
    words = ["--trades", "400", "--assets", "6", "--accounts", "3", "--seed", "11", "--style", request.param, "--out", str(file)]
    subprocess.run([sys.executable, str(script), *words], check=True, env={"PYTHONDONTWRITEBYTECODE": "1"})
    return file


@pytest.mark.parametrize("scope", ["account", "universal"])
@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "lofo"])
def test_histories_of_the_shared_generator(generated, method, scope):
    made, _ = ours(generated.read_text(encoding="utf-8").splitlines(keepends=True), method, scope)
    assert golden.differences(made, theirs(golden.rows(generated), method, scope)) == []
