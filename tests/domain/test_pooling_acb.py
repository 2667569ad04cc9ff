"""Canada, by hand: average cost, outlays, superficial losses. A line reads: proceeds after outlays, cost base, gain that counts, denied."""

from __future__ import annotations

import pytest

from service.domain.issues import IssueKind
from service.domain.money import plain
from service.domain.movements import More, decimal
from service.domain.pooling import ACB_COLUMNS, acb, acb_rows
from tests.domain.pool_story import at, bought, given, moved, pools, sold


def canada(*movements, zone="America/Toronto"):
    return acb(sorted(movements, key=lambda m: m.at), zone=zone, places=0)


def lines(made):
    at_ = [ACB_COLUMNS.index(name) for name in ("proceeds_usd", "basis_usd", "gain_usd", "denied_usd")]
    return [" ".join(row[n] for n in at_) for row in acb_rows(made.matches, places=0)]


def added(made):
    return [[(name, plain(decimal(amount))) for name, amount in one.added] for one in made.superficial]


def test_average_cost_over_all_accounts_and_outlays():
    """100 for 1,510 and 150 for 3,510 at another exchange: 250 cost 5,020, 20.08 each. 200 sold for 5,000, outlay 10: proceeds 4,990,
    cost 4,016, gain 974. 50 stay at 1,004."""
    made = canada(bought("2023-01-01", 100, 1510), bought("2023-02-01", 150, 3510, account="other"), sold("2023-06-01", 200, 5000, 10))
    assert lines(made) == ["4990 4016 974 0"]
    assert pools(made) == {"coin": (50, "1004")}


def test_a_row_has_the_columns_of_the_gains_report():
    made = canada(bought("2023-01-01", 1, 10), sold("2023-06-01T10:11:12", 1, 25))
    told = {"coin": "SOL"}, {"exchange": "Kraken"}
    assert acb_rows(made.matches, places=0, symbols=told[0], accounts=told[1]) == [
        ("sold 2023-06-01T10:11:12", "acb", "SOL", "Kraken", "", "2023-06-01T10:11:12Z", "1", "25", "10", "15", "", "0", "")
    ]


def test_a_loss_bought_back_in_full_is_denied_in_full():
    """Cost 1,000, sold for 600, bought back for 700 ten days later and held: the loss of 400 is denied, the new cost is 1,100."""
    made = canada(bought("2023-01-01", 100, 1000), sold("2023-06-01", 100, 600), bought("2023-06-11", 100, 700))
    assert lines(made) == ["600 1000 0 400"]
    assert pools(made) == {"coin": (100, "1100")}
    assert added(made) == [[("bought 2023-06-11", "400")]]
    assert made.matches[0].flags == ("superficial",)


def test_of_sold_bought_and_held_the_least_counts():
    """S = 100, P = 25, B = 25: 400 × 25 ÷ 100 = 100 denied, 300 counts; the 25 cost 200 + 100."""
    made = canada(bought("2023-01-01", 100, 1000), sold("2023-06-01", 100, 600), bought("2023-06-08", 25, 200))
    assert lines(made) == ["600 1000 -300 100"]
    one = made.superficial[0]
    assert (one.sold, one.acquired, one.held, one.counted) == (100, 25, 25, 25)
    assert pools(made) == {"coin": (25, "300")}


def test_what_is_sold_again_before_day_thirty_is_not_held():
    """Back 100 on day 7, of which 60 are sold (for what they cost) on day 20: B = 40, so 400 × 40 ÷ 100 = 160 is denied and joins the 100
    bought for 600: 760, 7.60 each. The 60 give 456 and cost 456; what stays is 40 for 304."""
    made = canada(
        bought("2023-01-01", 100, 1000), sold("2023-06-01", 100, 600), bought("2023-06-08", 100, 600), sold("2023-06-21", 60, 456)
    )
    assert lines(made) == ["600 1000 -240 160", "456 456 0 0"]
    assert pools(made) == {"coin": (40, "304")}


@pytest.mark.parametrize(("back", "denied"), [("2023-07-01", "400"), ("2023-07-02", "0")])
def test_the_thirtieth_day_after_counts_and_the_next_does_not(back, denied):
    made = canada(bought("2023-01-01", 100, 1000), sold("2023-06-01", 100, 600), bought(back, 100, 500))
    assert lines(made)[0].split()[-1] == denied


@pytest.mark.parametrize(("before", "denied"), [("2023-05-02", "200"), ("2023-05-01", "0")])
def test_the_thirtieth_day_before_counts_and_the_day_before_it_does_not(before, denied):
    """100 for 1,000 long ago and 50 for 350 before the sale: 150 cost 1,350, 9 each. 100 sold for 500: cost 900, loss 400. 50 are held, so
    S = 100, P = 50, B = 50: 200 is denied, and what stays costs 450 + 200."""
    made = canada(bought("2023-01-01", 100, 1000), bought(before, 50, 350), sold("2023-06-01", 100, 500))
    assert lines(made)[0].split()[-1] == denied
    assert pools(made)["coin"] == (50, "650" if denied == "200" else "450")
    assert added(made) == ([[("", "200")]] if denied == "200" else [])


def test_bought_and_sold_out_within_the_window_is_an_ordinary_loss():
    """Nothing is held on day 30."""
    made = canada(bought("2023-06-01", 100, 1000), sold("2023-06-10", 100, 600))
    assert lines(made) == ["600 1000 -400 0"]


def test_a_part_of_a_fresh_purchase_sold_at_a_loss_is_superficial():
    """100 bought, 50 sold ten days later: S = 50, P = 100, B = 50. All of the loss of 200 joins the 50 that stay: 500 + 200."""
    made = canada(bought("2023-06-01", 100, 1000), sold("2023-06-11", 50, 300))
    assert lines(made) == ["300 500 0 200"]
    assert pools(made) == {"coin": (50, "700")}


def test_one_purchase_takes_the_place_of_one_sale():
    """100 and 100 sold at a loss of 400 each, 100 bought back: the first loss is denied, the second counts. The formula by itself would
    deny both for the same 100."""
    made = canada(
        bought("2023-01-01", 200, 2000), sold("2023-06-01", 100, 600), sold("2023-06-02", 100, 600), bought("2023-06-11", 100, 700)
    )
    assert lines(made) == ["600 1000 0 400", "600 1000 -400 0"]
    assert pools(made) == {"coin": (100, "1100")}


def test_a_sale_in_two_parts_is_denied_no_more_than_one_sale():
    """100 bought, sold in two halves at a loss of 200 each, 50 bought back: as for one sale of 100 (50 ÷ 100 of 400), 200 is denied.
    What was bought before the second half is all sold by then, so it takes the place of nothing."""
    back = bought("2023-06-12", 50, 350)
    halves = canada(bought("2023-06-01", 100, 1000), sold("2023-06-10", 50, 300), sold("2023-06-11", 50, 300), back)
    assert lines(halves) == ["300 500 0 200", "300 500 -200 0"]
    whole = canada(bought("2023-06-01", 100, 1000), sold("2023-06-11", 100, 600), back)
    assert lines(whole) == ["600 1000 -200 200"]
    assert pools(halves) == pools(whole) == {"coin": (50, "550")}


def test_a_chain_of_sales_and_purchases_carries_every_loss_to_what_is_held():
    """10 each, sold at 8, back at 8, sold at 6, back at 6. First loss 200 joins the purchase: 800 + 200 = 1,000. Second: 1,000 - 600 = 400,
    which joins the last: 600 + 400 = 1,000. Nothing counts yet."""
    made = canada(
        bought("2023-01-01", 100, 1000),
        sold("2023-06-01", 100, 800),
        bought("2023-06-03", 100, 800),
        sold("2023-06-05", 100, 600),
        bought("2023-06-07", 100, 600),
    )
    assert lines(made) == ["800 1000 0 200", "600 1000 0 400"]
    assert pools(made) == {"coin": (100, "1000")}


def test_a_loss_is_parted_over_the_purchases_after_it():
    """Loss 300 on 30; back 10 and 20: 100 and 200 of it."""
    made = canada(bought("2023-01-01", 30, 600), sold("2023-06-01", 30, 300), bought("2023-06-05", 10, 100), bought("2023-06-09", 20, 200))
    assert added(made) == [[("bought 2023-06-05", "100"), ("bought 2023-06-09", "200")]]


def test_a_gain_is_never_denied():
    made = canada(bought("2023-01-01", 100, 1000), sold("2023-06-01", 100, 1500), bought("2023-06-02", 100, 1400))
    assert lines(made) == ["1500 1000 500 0"]


def test_days_are_the_taxpayers():
    """Sold 1 June 23:30 in Toronto (2 June UTC). Day 30 is 1 July; what is bought on 2 July at 00:30 UTC is bought on 1 July."""
    story = (bought("2023-01-01", 1, 10), sold("2023-06-02T03:30", 1, 6), bought("2023-07-02T03:30", 1, 5))
    assert lines(canada(*story)) == ["6 10 0 4"]
    later = (bought("2023-01-01", 1, 10), sold("2023-06-02T03:30", 1, 6), bought("2023-07-02T04:30", 1, 5))
    assert lines(canada(*later)) == ["6 10 -4 0"]
    assert lines(canada(*later, zone="UTC")) == ["6 10 0 4"]


def test_a_transfer_is_no_purchase_and_a_rename_keeps_the_cost():
    made = canada(
        bought("2023-01-01", 10, 100),
        moved("2023-02-01", 10),
        moved("2023-03-01", 4, to_coin="new", received=8),
        sold("2023-03-02", 4, 8, coin="new"),
    )
    assert lines(made) == ["8 20 -12 0"]
    assert pools(made) == {"coin": (6, "60"), "new": (4, "20")}


def test_gifts_come_at_market_value_and_leave_at_cost_with_an_issue():
    gift = More(acquired_at=at("2014-01-01"), kind="gift_in", worth=80 * 10**30)
    made = canada(bought("2023-01-01", 1, 10, more=gift), bought("2023-02-01", 1, 20), given("2023-06-01", 1))
    assert pools(made) == {"coin": (1, "50")}
    assert [i.kind for i in made.issues] == [IssueKind.GIFT_AT_COST]


def test_more_sold_than_held_is_flagged_and_an_issue():
    made = canada(bought("2023-01-01", 2, 20), sold("2023-06-01", 5, 100))
    assert lines(made) == ["100 20 80 0"]
    assert (made.matches[0].missing, made.matches[0].flags) == (3, ("missing_basis",))
    assert [i.kind for i in made.issues] == [IssueKind.MISSING_BASIS]


def test_a_sale_of_unknown_value_has_neither_gain_nor_loss():
    made = canada(bought("2023-06-01", 2, 20), sold("2023-06-02", 1, None))
    assert lines(made) == [" 10  0"]
    assert made.matches[0].flags == ("unpriced",)
