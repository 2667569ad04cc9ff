"""Words of the commands that a settings file or a number decides."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from service.cli import taxing
from tests.tools import ROOT


def test_serve_names_the_port_that_the_defaults_have():
    port = tomllib.loads((ROOT / "config/defaults.toml").read_text(encoding="utf-8"))
    told = subprocess.run(
        [sys.executable, "-m", "service.cli", "serve", "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    ).stdout
    assert str(_of(port, "http_port")) in told


def _of(table, name):
    return table[name] if name in table else next(part[name] for part in table.values() if isinstance(part, dict) and name in part)


def test_one_sale_is_one(capsys):
    taxing._print_with_plan({"estimate": "0"}, {"estimate": "-240", "sales": 1, "saving": "240", "net": "229"})
    assert "With the plan: 1 sale " in capsys.readouterr().out
