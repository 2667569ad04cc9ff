"""No word without a deed: each member of each enum of ours is used by some code beyond its own declaration."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.tools import ROOT

ENUMS = {"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"}
TREES = {
    file: ast.parse(file.read_text(encoding="utf-8")) for package in ("service", "connectors") for file in (ROOT / package).rglob("*.py")
}


def members() -> Iterator[tuple[str, str]]:
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and ENUMS & {base.id for base in node.bases if isinstance(base, ast.Name)}:
                for statement in node.body:
                    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                        yield node.name, statement.targets[0].id


USED = {
    (node.value.id, node.attr)
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
}


@pytest.mark.parametrize(("enum", "member"), sorted(members()))
def test_every_member_is_used(enum: str, member: str) -> None:
    assert (enum, member) in USED


def test_enums_are_found() -> None:
    assert ("IssueKind", "UNREADABLE") in set(members())
