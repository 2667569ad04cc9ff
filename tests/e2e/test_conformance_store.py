"""`thresher import`, then `thresher gains`: what is stored comes to what three other programs make of the same file, and to what `--from` writes."""

from __future__ import annotations

import pytest

from tests.domain import golden

CASES = [*golden.CASES, (None, "uk_bittytax", "section104")]


def asked(scope, method):
    return ["--method", method, *(["--scope", scope] if scope else [])]


@pytest.mark.slow
async def test_a_stored_history_gives_what_other_programs_and_the_file_itself_give(world, tmp_path):
    for _ in range(2):  # the same file again changes nothing
        done = await world.run("import", str(golden.HISTORY))
        assert (done.code, done.err) == (0, "")
    for scope, folder, method in CASES:
        stored = tmp_path / f"{folder}_{method}.csv"
        done = await world.run("gains", *asked(scope, method), "--csv", str(stored))
        assert done.code == 0, done.err
        theirs = golden.rows(golden.FOLDER / folder / ("expected_uk.csv" if scope is None else f"expected_{method}.csv"))
        compare = golden.differences_uk if scope is None else golden.differences
        assert compare(golden.rows(stored), theirs) == []
    direct = tmp_path / "direct.csv"
    await world.run("gains", "--from", str(golden.HISTORY), *asked("account", "hifo"), "--csv", str(direct))
    assert direct.read_bytes() == (tmp_path / "account_coinbasis_hifo.csv").read_bytes()
