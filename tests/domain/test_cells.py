"""What is written as CSV is read back as it was by any program that reads CSV."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from service.domain.reports.cells import csv_line

CELLS = st.text(st.sampled_from('ab ,"\n\rü'), max_size=4)


@given(st.lists(CELLS, min_size=2, max_size=5))
def test_a_line_is_read_back_cell_by_cell(cells):
    assert list(csv.reader(io.StringIO(csv_line(cells) + "\n", newline=""))) == [cells]


@given(st.lists(st.text("ab 0.-:", max_size=4), min_size=2, max_size=5))
def test_cells_that_need_no_quotes_have_none(cells):
    assert csv_line(cells) == ",".join(cells)
