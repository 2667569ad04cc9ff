"""`thresher demo`, as its user runs it: real servers, real connectors, a real web hook; twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def demo(folder, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", "demo", "--folder", str(folder), *more],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")},
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return demo(folder, "--json"), demo(folder)


def test_the_first_run_reconciles_and_delivers(runs):
    first, _ = runs
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)["demo"]
    assert {a["label"] for a in told["accounts"]} == {"Binance", "Kraken", "Coinbase", "OneKey"}
    assert all(told["account_equal"].values()), [b for b in told["balances"] if b["difference"] != "0"]
    assert told["alerts_delivered"] >= 1
    assert told["changed"]
    assert told["lots_at_a_loss"]
    assert float(told["overview"]["saving"]) > 0


def test_no_lot_lacks_a_basis_or_a_price(runs):
    told = json.loads(runs[0].stdout)["demo"]
    assert not [i for i in told["issues"] if i["severity"] == "error"]
    assert all(b["flags"] in ([], ["spam"]) for b in told["balances"])


def test_the_second_run_changes_nothing_and_says_so(runs):
    first, second = runs
    assert second.returncode == 0, second.stderr
    for name in ("Binance", "Kraken", "Coinbase", "OneKey"):
        assert f"{name}: derived = declared" in second.stdout.splitlines()
    assert "Nothing changed since the last run" in second.stdout
    assert "(0 new in this run)" in second.stdout
    delivered = json.loads(first.stdout)["demo"]["alerts_delivered"]
    assert f"Alerts delivered: {delivered} " in second.stdout
