"""The pages of gains: the same answers for a person, nothing unknown shown as a number, and a page that ends."""

from __future__ import annotations

import asyncio
import re
from datetime import date

import pytest

from service.app import lot_choices
from service.app.imports import import_file
from service.app.rebuild import rebuild
from service.http import gains_page, pages
from tests.http.conftest import CHEAP
from tests.http.ledger import HISTORY, home_of
from tests.http.steps import PASSWORD
from tests.http.test_browser import OVERFLOW, browsing, served


@pytest.fixture
async def home(tmp_path):
    async with home_of(tmp_path) as made:
        await made.app.store.set_owner_hash(CHEAP.hash(PASSWORD))
        yield made


def cells(page: str, marker: str) -> dict[str, str]:
    """The row in which `marker` stands, by label, as a person reads it."""
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if marker in row)
    found = re.findall(r'<td data-label="([^"]*)"[^>]*>(.*?)</td>', row, re.DOTALL)
    return {label: " ".join(re.sub("<[^>]*>", " ", cell).replace("&nbsp;", " ").split()) for label, cell in found}


async def test_a_disposal_is_one_row_with_all_its_lots(owner):
    page = (await owner.get("/gains")).text
    assert cells(page, "id=s1") == {
        "Disposed": "2024-12-31 12:00 UTC",
        "Asset": "BTC",
        "Account": "exchange",
        "Quantity": "0.55",
        "Proceeds": "$10,995.00",
        "Basis": "$8,005.00",
        "Gain": "$2,990.00",
        "Term": "short",
        "Why": "s1 2 lots",
    }


async def test_what_is_not_known_is_said_and_is_in_no_sum(owner):
    page = (await owner.get("/gains?year=2025")).text
    row = cells(page, "id=s3")
    assert (row["Asset"], row["Proceeds"], row["Basis"], row["Gain"]) == ("SOL missing basis", "$300.00", "unknown", "unknown")
    assert "2 results have a cost or a price that is not known" in page
    assert "2 open questions" in page
    assert "2 SOL left exchange that never came in" in page
    short = cells(page, 'data-label="Term">short<')
    assert (short["Results"], short["Proceeds"], short["Basis"], short["Gain"], short["Not known"]) == ("2", *["unknown"] * 3, "2")
    year = cells((await owner.get("/gains")).text, ">2025</a>")
    assert (year["Short term"], year["Long term"], year["Not known"]) == ("unknown", "$9,965.00", "2")


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_an_unknown_cost_in_a_pool_is_no_zero(owner, method):
    page = (await owner.get(f"/gains?method={method}")).text
    row = cells(page, "id=s3")
    cost = "Allowable cost" if method == "section104" else "Cost"
    assert (row["Proceeds"], row[cost], row["Gain"]) == ("$300.00", "unknown", "unknown")
    assert f"/gains/explanation?method={method}&amp;id=s3" in page


async def test_a_pools_page_has_the_columns_and_the_years_of_its_law(owner):
    page = (await owner.get("/gains?method=section104&year=2025")).text
    row = cells(page, "id=s1")
    assert (row["Disposed"], row["Rule"], row["Gain"]) == ("2024-12-31", "section 104", "$2,990.00")
    assert cells(page, "2024/25")["Cost"] == "$8,010.00"
    assert '<option value="2025" selected>2024/25</option>' in page
    assert "Form 8949 wants lots" in page


async def test_the_choice_stays_in_the_form_and_in_the_links(owner):
    page = (await owner.get("/gains?year=2025&method=hifo&scope=universal")).text
    for name in ('value="2025" selected', 'value="hifo" selected', 'value="universal" selected'):
        assert name in page
    for link in ("gains.csv", "gains/form-8949.csv", "gains/schedule-d.csv", "gains/form-8949.txf"):
        assert f'href="/api/v1/{link}?year=2025&amp;method=hifo&amp;scope=universal"' in page
        assert (await owner.get(f"/api/v1/{link}?year=2025&method=hifo&scope=universal")).status_code == 200
    assert "/gains/explanation?method=hifo&amp;scope=universal&amp;id=s2" in page
    whole = (await owner.get("/gains?year=&method=&scope=")).text
    assert 'href="/api/v1/gains.csv"' in whole
    assert "Choose a year for Form 8949" in whole
    assert 'href="/gains?year=2024"' in whole


@pytest.mark.parametrize(
    ("asked", "says"), [("year=soon", "year"), ("year=-1", "year"), ("method=dartboard", "method"), ("scope=all", "scope")]
)
async def test_a_question_that_there_is_not_shows_why_and_the_page(owner, asked, says):
    told = await owner.get(f"/gains?{asked}")
    assert told.status_code == 422
    assert f"<strong>{says}:</strong>" in told.text
    assert "id=s1" in told.text


async def test_while_a_sync_runs_the_question_is_asked_again(owner, asgi):
    finish = asyncio.Event()
    asgi.state.work.start("sync", finish.wait())
    page = (await owner.get("/gains?year=2025&method=hifo")).text
    assert 'content="3;url=/gains?year=2025&amp;method=hifo"' in page
    finish.set()
    await asgi.state.work.wait()


async def test_a_long_year_is_cut_and_the_csv_is_not(owner, monkeypatch):
    monkeypatch.setattr(gains_page, "DISPOSALS_SHOWN", 2)
    monkeypatch.setattr(gains_page, "ISSUES_SHOWN", 1)
    page = (await owner.get("/gains")).text
    assert "the newest 2 of 4; the CSV has all of them" in page
    assert "id=s3" in page
    assert "id=s1" not in page
    assert "the first 1 of 2; the JSON API has all of them" in page
    assert (await owner.get("/api/v1/gains.csv")).text.count("\n") == 6


async def test_a_disposal_is_explained_with_chain_prices_rules_and_sums(owner):
    page = (await owner.get("/gains/explanation?id=s1")).text
    assert "<strong>2 parts</strong>" in page
    for words in (
        "bought 1 BTC for 10,000 USD in exchange",
        "10,000 + fee 10 = 10,010",
        "FIFO, since nothing was said",
        "Proceeds: stated in the file",
        "26 CFR 1.1012-1(j)(2)",
        "computed again: the same",
        '<a href="/lots/explanation?id=b1">',
    ):
        assert words in page
    assert page.count('aria-current="true"') == 1


async def test_a_fee_and_an_unknown_cost_are_explained(owner):
    page = (await owner.get("/gains/explanation?id=s2%2Ffee")).text
    assert '<dt>Basis</dt><dd><span class="unknown">unknown</span>' in page.replace("\n", "")
    assert "IRC 1012, 6001" in page


@pytest.mark.parametrize("method", ["section104", "acb"])
async def test_a_result_of_a_pool_and_what_joined_it_are_explained(owner, method):
    page = (await owner.get(f"/gains/explanation?id=s1&method={method}")).text
    assert "Pool before" in page
    assert "$2,990.00" in page
    bought = (await owner.get(f"/lots/explanation?id=b1&method={method}")).text
    assert "computed again: the same" in bought


async def test_a_lot_is_explained_and_the_lots_lead_there(owner):
    assert 'href="/lots/explanation?id=b2"' in (await owner.get("/lots")).text
    page = (await owner.get("/lots/explanation?id=b1")).text
    assert "moved from exchange to wallet" in page
    assert 'href="/gains/explanation?id=s1"' in page
    assert "Still there" in page


async def test_of_many_lots_the_newest_are_shown(owner, monkeypatch):
    assert "The newest" not in (await owner.get("/lots")).text
    monkeypatch.setattr(pages, "LOTS_SHOWN", 1)
    page = (await owner.get("/lots")).text
    assert "The newest 1 of 2." in page
    assert "id=b2" in page
    assert "id=i1" not in page


async def test_only_the_steps_that_matter_stand_before_the_whole_chain(owner):
    page = (await owner.get("/gains/explanation?id=s2")).text
    before, _, whole = page.partition("<details>")
    assert "part of 0.55 BTC" not in before
    assert "moved from exchange to wallet" in before
    assert "part of 0.55 BTC" in whole


@pytest.mark.parametrize("path", ["/gains/explanation?id=none", "/lots/explanation?id=s1"])
async def test_an_unknown_id_is_a_page_that_is_not_there(owner, path):
    told = await owner.get(path)
    assert told.status_code == 404
    assert "has the id" in told.text


async def test_where_one_pool_ended_the_lots_lead_to_where_each_went(owner, home):
    assert "/lots/allocation" not in (await owner.get("/lots")).text
    assert "there is nothing to allocate" in (await owner.get("/lots/allocation")).text
    await lot_choices.pooled_until(home.app, date(2025, 1, 1))
    await rebuild(home.app)
    assert 'href="/lots/allocation"' in (await owner.get("/lots")).text
    page = (await owner.get("/lots/allocation")).text
    assert "0.55 → 0.55" in re.sub("<[^>]*>", "", page)
    assert "Rev. Proc. 2024-28" in page
    assert 'href="/lots/explanation?id=b2"' in page
    assert cells(page, "id=b2")["By"] == "the oldest first: nothing was said"
    assert "sums differ" not in page


@pytest.mark.parametrize("path", ["/gains", "/gains/explanation?id=s1", "/lots/explanation?id=b1", "/lots/allocation"])
async def test_a_stranger_signs_in_first(stranger, path):
    told = await stranger.get(path)
    assert told.status_code == 303
    assert told.headers["location"].startswith("/login")


ODD = "odd &<b>\"#?/%' 1"


async def test_ids_of_any_kind_are_reached_and_are_text(owner, home):
    quoted = ODD.replace('"', '""')
    rows = [HISTORY.splitlines()[0], f'"{quoted}",2025-08-01T12:00:00Z,sell,exchange,,BTC,0.01,USD,500,,,500,,']
    await import_file(home.app, [f"{row}\n" for row in rows])
    page = (await owner.get("/gains?year=2025")).text
    assert "<b>" not in page
    link = next(one for one in re.findall(r'href="(/gains/explanation[^"]*)"', page) if "odd" in one)
    told = await owner.get(link.replace("&amp;", "&"))
    assert told.status_code == 200
    assert "<b>" not in told.text
    assert "odd &amp;&lt;b&gt;" in told.text


@pytest.mark.parametrize(("size", "scheme"), [("desk", "dark"), ("phone", "light")])
async def test_gains_and_explanations_fit_and_are_clean(home, asgi, size, scheme):
    await lot_choices.pooled_until(home.app, date(2025, 1, 1))
    await rebuild(home.app)
    async with served(asgi) as origin, browsing(size, scheme) as context:
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        await page.goto(f"{origin}/gains")
        await page.get_by_label("Owner password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{origin}/gains")
        await page.get_by_label("Tax year").select_option("2024")
        await page.get_by_label("Method").select_option("hifo")
        await page.get_by_role("button", name="Show").click()
        await page.wait_for_url("**/gains?year=2024&method=hifo&scope=")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Form 8949").click()
        assert (await download.value).suggested_filename == "form-8949-2024-hifo.csv"
        await page.get_by_role("link", name="s1", exact=True).click()
        await page.get_by_role("heading", name="Explanation of a disposal").wait_for()
        for path in ("/gains", "/gains?method=section104", "/gains?method=acb", "/gains/explanation?id=s1", "/gains/explanation?id=s1&method=acb",
                     "/lots/explanation?id=b1", "/lots/allocation"):  # fmt: skip
            await page.goto(origin + path)
            for opened in await page.locator("details").all():
                await opened.evaluate("d => d.open = true")
            assert await page.evaluate(OVERFLOW) <= 0, path
            assert await page.locator("h1").count() == 1
            assert await page.locator("table").count() == await page.locator("table > caption").count(), path
            assert await page.locator("th:not([scope])").count() == 0, path
        assert complaints == []
