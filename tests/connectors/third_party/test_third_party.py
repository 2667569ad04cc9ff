"""The connector of docs/connectors.md, installed as a separate package, is found by name, opened, and passes the suite that its author inherits."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.connectors.third_party.build import blocks, environment, install


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    return install(tmp_path_factory.mktemp("stranger"))


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environment(installed), capture_output=True, text=True, check=False, cwd=installed
    )


def test_it_is_found_by_its_entry_point_beside_ours(installed):
    code = """
        from connectors import registry
        from connectors.contract import Connector, InvalidInput, Source
        names = registry.names()
        assert {"lines", "exchange", "evm"} <= set(names), names
        told = Source("lines", (), lambda: None, {"path": "x"})
        assert isinstance(registry.open_connector("lines", told), Connector)
        try:
            registry.open_connector("lines", Source("lines", (), lambda: None))
        except InvalidInput as wrong:
            print(wrong.field)
    """
    done = run(installed, "-c", textwrap.dedent(code))
    assert (done.returncode, done.stdout.strip()) == (0, "path"), done.stderr


def test_it_passes_the_conformance_suite(installed, tmp_path):
    (tmp_path / "test_lines.py").write_text(blocks("python")[1], encoding="utf-8")
    done = run(
        installed,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "-W",
        "error",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "14 passed" in done.stdout


def test_it_is_not_installed_here():
    from connectors import registry

    assert "lines" not in registry.names()


def test_the_connector_of_the_page_is_short():
    code = [line for line in blocks("python")[0].splitlines() if line.strip()]
    assert len(code) <= 50
