"""docs/reference.md explains each key of the answers in JSON, and none that is not there."""

from __future__ import annotations

import re

import pytest

from tests.http.steps import synced_account
from tests.tools import ROOT


def explained(command: str) -> dict[str, set[str]]:
    """Key → words in code of its row."""
    text = (ROOT / "docs/reference.md").read_text(encoding="utf-8").split("## Answers in JSON")[1].split("\n## ")[0]
    part = text.split(f"### `{command}`\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", part, re.MULTILINE)
    return {key: set(re.findall(r"`(\w+)`", says)) for keys, says in rows for key in re.findall(r"`(\w+)`", keys)}


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("plan", "/plan"),
        ("plan proofs", "/plan/proofs"),
        ("harvest", "/harvest"),
        ("harvest --ladder", "/ladder"),
        ("alerts list", "/alerts"),
    ],
)
async def test_each_key_of_an_answer_is_explained(command, path, robot, home):
    await synced_account(home)
    assert (await robot.post("/api/v1/plan/identify", json={})).status_code == 201
    told = next(iter((await robot.get(f"/api/v1{path}")).json().values()))
    item, rows = (told[0] if isinstance(told, list) else told), explained(command)
    assert item.keys() == rows.keys()
    for key, value in item.items():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            assert inner.keys() <= rows[key] | rows.keys(), key
