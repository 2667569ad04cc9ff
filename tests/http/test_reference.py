"""docs/reference.md names what the API answers, and nothing else."""

from __future__ import annotations

import re

from tests.tools import ROOT


async def test_the_reference_names_every_address_of_the_api(stranger):
    section = (ROOT / "docs/reference.md").read_text(encoding="utf-8").split("## JSON API")[1].split("\n## ")[0]
    told = {path for path in re.findall(r"`(/[\w/.-]*)[?\w&]*`", section) if path != "/api/v1/"}
    paths = (await stranger.get("/api/v1/openapi.json")).json()["paths"]
    assert told - {"/api/v1/openapi.json"} == {re.sub(r"{\w+}", "ID", path.removeprefix("/api/v1")) for path in paths}
