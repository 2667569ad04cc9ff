"""Forms from the command line: what has to be known before they are filed is said on standard error, and the exit code is 1."""

from __future__ import annotations

import csv
import io

HISTORY = """\
id,timestamp,kind,account,to_account,sent_asset,sent_quantity,received_asset,received_quantity,fee_asset,fee_quantity,value_usd,fee_value_usd,note
b1,2025-02-01T12:00:00Z,buy,exchange,,USD,300,BTC,1,,,300,,
b2,2025-03-01T12:00:00Z,buy,wallet,,USD,200,BTC,1,,,200,,
s1,2025-06-01T12:00:00Z,sell,wallet,,BTC,1,USD,250,,,250,,
"""


async def test_a_form_that_is_not_by_the_recorded_choices_says_so_from_a_file_and_from_the_store(world, tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(HISTORY)
    assert (await world.run("import", str(path))).code == 0
    for source in (("--from", str(path)), ()):
        asked = ("gains", *source, "--year", "2025", "--form-8949", "-")
        own = await world.run(*asked)
        assert (own.code, own.err) == (0, "")
        view = await world.run(*asked, "--scope", "universal", "--method", "hifo")
        assert view.code == 1
        assert view.err.startswith(
            "thresher: these forms are a view (hifo, one pool for all accounts, days of UTC), not what to file: 1 of 1 "
        )
        assert view.err.count("\n") == 1
        assert [row["lot_id"] for row in csv.DictReader(io.StringIO(own.out + view.out)) if row["lot_id"] != "lot_id"] == ["b2", "b1"]
