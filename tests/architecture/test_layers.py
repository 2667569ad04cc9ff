"""The import rules of pyproject.toml hold, and each of them catches what it forbids."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tools import ROOT

LINT = Path(sys.executable).with_name("lint-imports")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
PLANTED = {
    "service-layers": ("service/settings.py", "import service.store"),
    "domain-order": ("service/domain/money.py", "import service.domain.ledger"),
    "connectors-layers": ("connectors/evm/__init__.py", "import connectors.exchange"),
    "no-service-in-connectors": ("connectors/clients/__init__.py", "import service.domain.money"),
    "contract-only": ("service/app/__init__.py", "import connectors.registry"),
    "pure": ("service/domain/money.py", "import os"),
    "sql-in-store": ("service/app/__init__.py", "import sqlalchemy"),
    "vendors-stay-out": ("service/app/__init__.py", "import ccxt"),
    "edges-through-app": ("service/http/__init__.py", "import service.store"),
    "sandbox-alone": ("service/sandbox/__init__.py", "import service.domain.money"),
    "acyclic": ("connectors/contract.py", "import connectors.registry"),
}
"""Contract → a file and the import that it must not have."""


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [LINT, "--no-logo", "--cache-dir", folder / ".lint", *options]
    wide = {**os.environ, "COLUMNS": "300"}  # else its answers are wrapped
    return subprocess.run(command, cwd=folder, env=wide, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("service", "connectors"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_every_contract_is_kept(copied: Path) -> None:
    found = lint(copied)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in found.stdout


def test_every_contract_has_a_plant() -> None:
    assert set(PLANTED) == {contract["id"] for contract in CONTRACTS}


@pytest.mark.parametrize("type_checking", [False, True])
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["id"])
def test_a_planted_import_is_caught(copied: Path, contract: dict[str, str], type_checking: bool) -> None:
    file, line = PLANTED[contract["id"]]
    place, before = copied / file, (copied / file).read_text(encoding="utf-8")
    guarded = f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {line}\n" if type_checking else line + "\n"
    place.write_text(before + "\n" + guarded, encoding="utf-8")
    try:
        found = lint(copied, "--contract", contract["id"])
    finally:
        place.write_text(before, encoding="utf-8")
    assert found.returncode == 1, found.stdout + found.stderr
    _, broken, why = found.stdout.partition(f"{contract['name']} BROKEN")
    assert broken, found.stdout
    assert line.removeprefix("import ").rpartition(".")[2] in why


@pytest.mark.parametrize(
    ("package", "contract"), [("service", "service-layers"), ("service/domain", "domain-order"), ("connectors", "connectors-layers")]
)
def test_a_new_module_must_be_placed(copied: Path, package: str, contract: str) -> None:
    stray = copied / package / "stray.py"
    stray.write_text("", encoding="utf-8")
    try:
        found = lint(copied, "--contract", contract)
    finally:
        stray.unlink()
    assert found.returncode == 1, found.stdout + found.stderr
    assert "stray" in found.stdout
