"""docs/reference.md names every command, option, setting and word."""

from __future__ import annotations

import dataclasses
import re
from typing import get_args

import pytest
import typer.main
from typer.core import TyperGroup, TyperOption

from connectors import registry
from service.app.ports import AccountStatus
from service.cli.commands import app
from service.domain.alerts import AlertState, Message
from service.domain.harvest import Costs, Thresholds
from service.domain.issues import IssueKind
from service.domain.reconcile import Kind
from service.domain.tax import Profile
from service.settings import Settings
from tests.tools import ROOT

REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
UNIVERSAL = {"--json", "--help"}


def commands(command, path: tuple[str, ...] = ()):
    if isinstance(command, TyperGroup):
        if path and command.invoke_without_command:
            yield " ".join(path), command
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path), command


ALL = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_and_option_is_explained(name, command):
    row = next((line for line in REFERENCE.splitlines() if line.startswith(f"| `{name}` |")), None)
    assert row, f"docs/reference.md has no row for `{name}`"
    options = {option for p in command.params if isinstance(p, TyperOption) for option in p.opts if option.startswith("--")} - UNIVERSAL
    missing = [option for option in options if option not in row]
    assert not missing, f"`{name}`: {missing} not in its row"
    if name != "serve":
        assert any("--json" in p.opts for p in command.params), f"`{name}` has no --json"


def test_no_command_is_explained_that_does_not_exist():
    told = set(re.findall(r"^\| `([a-z -]+)` \| ", REFERENCE.split("## Figures")[0], re.MULTILINE))
    assert told == {name for name, _ in ALL}


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Settings)])
def test_every_setting_is_explained(name):
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("of", [Profile, Thresholds, Costs])
def test_every_figure_is_explained(of):
    for field in dataclasses.fields(of):
        assert f"`{field.name}`" in REFERENCE, field.name


@pytest.mark.parametrize("kind", list(IssueKind))
def test_every_issue_kind_has_a_row(kind):
    assert f"| `{kind}` |" in REFERENCE


def test_every_word_is_explained():
    kinds = get_args(Message.__annotations__["kind"]) or ("opened", "worse", "resolved", "test")
    for word in (*Kind, *get_args(AccountStatus), *get_args(AlertState), *kinds):
        assert f"`{word}`" in REFERENCE, word


def test_every_connector_field_is_explained():
    for name in ("exchange", "evm"):
        row = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{name}` |"))
        for field in registry.connector(name).spec.fields:
            assert f"`{field.name}`" in row or field.name in ("login", "twofa", "privateKey", "walletAddress", "token", "accountId"), (
                field.name
            )
