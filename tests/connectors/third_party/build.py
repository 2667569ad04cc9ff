"""Makes the package of docs/connectors.md and installs it as a stranger's would be: built by its backend, installed by pip, offline."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.tools import ROOT

DOC = ROOT / "docs/connectors.md"


def blocks(language: str) -> list[str]:
    """The code blocks of the page in one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOC.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def install(folder: Path) -> Path:
    """Writes, builds and installs the package under `folder`. Returns a folder for PYTHONPATH that holds it with its metadata."""
    project, target = folder / "thresher-lines", folder / "installed"
    project.mkdir(parents=True)
    (project / "thresher_lines.py").write_text(blocks("python")[0], encoding="utf-8")
    (project / "pyproject.toml").write_text(blocks("toml")[0], encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        target,
        project,
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    assert made.returncode == 0, made.stdout + made.stderr
    return target


def environment(target: Path) -> dict[str, str]:
    """The environment of a process that has the package beside thresher."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(target), str(ROOT)])}
