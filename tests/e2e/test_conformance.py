"""`thresher conformance` as a person runs it: no database, no init, a line for each difference, and an exit code that a build can use."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.tools import ROOT

FILES = sorted(str(file) for file in (ROOT / "tests/vectors").rglob("*.json"))


@pytest.fixture
def run(tmp_path):
    """The command in a home that is empty, and stays so."""
    home = tmp_path / "home"
    home.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith("THRESHER_")}
    env |= {"THRESHER_DATA_DIR": str(home / "data"), "THRESHER_CONFIG_DIR": str(home / "config"), "PYTHONPATH": str(ROOT)}

    def ran(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "service.cli", "conformance", *arguments], env=env, capture_output=True, text=True, check=False
        )
        assert list(home.iterdir()) == []
        return done

    return ran


def test_all_published_vectors_are_as_expected(run):
    done = run(*FILES)
    told = [json.loads((ROOT / file).read_text(encoding="utf-8")) for file in FILES]
    count = sum(len(those) for file in told for name, those in file.items() if name.endswith("vectors"))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{count} vectors of {len(FILES)} files: all as expected\n", "")


def test_each_difference_is_a_line_and_the_exit_code_is_1(run, tmp_path):
    told = json.loads((ROOT / "tests/vectors/shared_ledger.json").read_text(encoding="utf-8"))
    told["vectors"] = told["vectors"][:2]
    told["vectors"][0]["expected"]["fragments"][0]["basis_usd"] = "40000"
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(told))
    done = run(str(file))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{file}: partial-lot-fifo: fragment e3 e1 basis_usd: expected 40000, got 40010",
        "2 vectors of 1 file: 1 differ",
    ]
    answer = json.loads(run(str(file), "--json").stdout)["conformance"]
    assert (answer["vectors"], answer["failed"]) == (2, 1)
    assert answer["files"][0]["differences"] == [
        {"vector": "partial-lot-fifo", "field": "fragment e3 e1 basis_usd", "expected": "40000", "got": "40010"}
    ]


def test_so_it_is_of_tax_vectors(run, tmp_path):
    told = json.loads((ROOT / "tests/vectors/tax/us.json").read_text(encoding="utf-8"))
    told |= {"vectors": told["vectors"][:2], "count": 2}
    told["vectors"][1]["expect"]["income_tax"] = 1
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(told))
    done = run(str(file))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [f"{file}: A02: income_tax: expected 1, got 10530", "2 vectors of 1 file: 1 differ"]
    told["vectors"][1]["input"]["wage"] = 1
    file.write_text(json.dumps(told))
    refused = run(str(file))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"thresher: {file} is no vector file: vector A02: input.wage is not known")


def test_each_word_that_is_not_known_is_named_with_its_file_and_vector_and_nothing_is_run(run, tmp_path):
    told = json.loads((ROOT / "tests/vectors/shared_ledger.json").read_text(encoding="utf-8"))
    told["vectors"] = told["vectors"][:2]
    told["vectors"][0]["settings"]["methd"] = "lifo"
    told["vectors"][1]["expected"]["wash_sales"] = []
    names = [vector["id"] for vector in told["vectors"]]
    file = tmp_path / "unknown.json"
    file.write_text(json.dumps(told))
    done = run(*FILES, str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.partition(": is not known")[0] for line in done.stderr.splitlines()] == [
        f"thresher: {file} is no vector file: vector {names[0]}, settings.methd",
        f"thresher: {file} is no vector file: vector {names[1]}, expected.wash_sales",
    ]


def test_a_byte_order_mark_changes_nothing(run, tmp_path):
    file = tmp_path / "marked.json"
    file.write_text((ROOT / "tests/vectors/more_kinds.json").read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert run(str(file)).returncode == 0


def test_a_folder_is_no_vector_file(run, tmp_path):
    done = run(str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"thresher: {tmp_path} cannot be read: Is a directory\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"format": "neutral-lot-vectors/1", "vectors": []}', 'is no vector file: its list "vectors" is empty'),
        ("id,timestamp\n", "is no vector file: it is no JSON"),
        ('{"format": "neutral-lot-vectors/9", "vectors": []}', 'its format is "neutral-lot-vectors/9"; known: neutral-lot-vectors/1'),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_none_is_a_sentence_and_exit_code_2(run, tmp_path, text, says):
    file = tmp_path / "none.json"
    if text is not None:
        file.write_text(text)
    done = run(str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
