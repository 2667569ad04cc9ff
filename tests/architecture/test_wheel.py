"""What is shipped: two packages and nothing beside them, with all that they need at run time."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.tools import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INFO = f"thresher-{PROJECT['version']}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, made offline by the build backend itself."""
    folder = tmp_path_factory.mktemp("wheel")
    made = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it, as an installer unpacks one."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def run(installed: Path, code: str) -> str:
    """Output of Python code that finds the installed wheel before this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=installed, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shipped(folder: Path) -> set[str]:
    """Files of a folder of the checkout, relative to it, without what Python leaves behind."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts}


def test_two_packages_and_the_metadata_are_all(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"service", "connectors", INFO}


@pytest.mark.parametrize(
    ("source", "place"),
    [("migrations", "service/_migrations"), ("config", "service/_config"), ("service", "service"), ("connectors", "connectors")],
)
def test_every_file_is_shipped(names: set[str], source: str, place: str) -> None:
    wanted = {f"{place}/{name}" for name in shipped(ROOT / source)}
    assert wanted
    assert not wanted - names


def test_nothing_else_is_shipped_and_no_key_or_database(names: set[str]) -> None:
    known = {
        f"{place}/{name}"
        for source, place in (("migrations", "service/_migrations"), ("config", "service/_config"))
        for name in shipped(ROOT / source)
    }
    known |= {f"{package}/{name}" for package in ("service", "connectors") for name in shipped(ROOT / package)}
    assert {name for name in names if not name.startswith(INFO)} <= known
    assert not [name for name in names if name.endswith((".key", ".pem", ".sqlite", ".db", ".pyc", ".env"))]


def test_the_command_and_every_entry_point_lead_somewhere(wheel: Path, installed: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        entries = configparser.ConfigParser()
        entries.optionxform = str  # type: ignore[method-assign,assignment]  # names are case-sensitive
        entries.read_string(archive.read(f"{INFO}/entry_points.txt").decode())
    assert dict(entries["console_scripts"]) == {"thresher": "service.cli:main"}
    assert {group: dict(entries[group]) for group in entries.sections() if group != "console_scripts"} == PROJECT["entry-points"]
    targets = [target for group in entries.sections() for target in entries[group].values()]
    code = f"""
import importlib
for target in {targets!r}:
    module, name = target.split(":")
    found = importlib.import_module(module)
    assert found.__file__.startswith({str(installed)!r}), found.__file__
    assert callable(getattr(found, name))
"""
    run(installed, code)


def test_the_installed_package_finds_its_own_files(installed: Path) -> None:
    code = """
import json, service.settings as s, service.sandbox.chain as c
print(json.dumps([str(s.packaged("config")), str(s.packaged("migrations")), c.wallet(), s.__file__]))
"""
    config, migrations, wallet, module = json.loads(run(installed, code))
    assert module.startswith(str(installed))
    assert Path(config) == installed / "service/_config"
    assert Path(migrations) == installed / "service/_migrations"
    assert wallet.startswith("0x")


def test_the_two_packages_belong_to_thresher_alone(installed: Path) -> None:
    """Both are also names of foreign distributions. A checkout installed as editable lists no files, so its own entry may be absent."""
    here = packages_distributions()
    assert set(here.get("service", [])) | set(here.get("connectors", [])) <= {"thresher"}
    code = "import json, importlib.metadata as m; d = m.packages_distributions(); print(json.dumps([d['service'], d['connectors']]))"
    service, connectors = json.loads(run(installed, code))
    assert set(service) == {"thresher"}
    assert set(connectors) == {"thresher"}
