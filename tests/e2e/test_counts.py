"""A number and its word agree, whatever the number."""

from __future__ import annotations

import pytest

from service.cli.tables import counted


@pytest.mark.parametrize(
    ("number", "says"), [(0, "0 opportunities"), (1, "1 opportunity"), (2, "2 opportunities"), (1200, "1,200 opportunities")]
)
def test_one_is_one_and_others_are_several(number, says):
    assert counted(number, "opportunity", "opportunities") == says
    assert counted(number, "open issue") == says.replace("opportunity", "open issue").replace("opportunities", "open issues")
