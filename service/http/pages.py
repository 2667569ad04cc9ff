"""The pages: the same answers as the API, rendered for a person. Plain HTML; nothing runs in the browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service.app import access, lot_choices, plan, proof, queries
from service.app.gains import Asked
from service.app.plan import Wishes
from service.app.ports import App, Busy, Refused, Stopped
from service.http import gains, gains_page
from service.http.auth import COOKIE, Attempts, SignIn, Thresher, Visitor, same_origin, set_cookie, visitor
from service.http.shown import loss_bars, page
from service.http.work import Work

Answer = dict[str, Any]
Owner = Annotated[Visitor, Depends(visitor)]

TRANSACTIONS_SHOWN = 200
LOTS_SHOWN = 200
PLANNED_SHOWN = 100
"""Lots of one sale."""
ALLOCATED_SHOWN = 100
"""Lots of one coin."""
FIGURES = (
    ("disposal", "Disposal", "id"),
    ("disposals", "Disposals", "ids"),
    ("lot", "Lot", "lot"),
    ("rule", "Rule", "words"),
    ("proceeds", "Proceeds", "money"),
    ("basis", "Basis", "money"),
    ("fees", "Fees", "money"),
    ("allowable_cost", "Allowable cost", "money"),
    ("denied", "Loss denied", "money"),
    ("gain", "Gain", "money"),
    ("term", "Term", "words"),
    ("tax_year", "Tax year", "words"),
    ("acquired", "Acquired", "time"),
    ("long_from", "Long term from", "day"),
    ("disposed", "Disposed", "time"),
    ("day", "Day", "day"),
)
"""Of an explanation, as far as it has them: key, name, kind. An amount that is None is not known."""
EXCHANGES = ("binance", "kraken", "coinbase")
"""Offered by name, because their histories are proven complete; any other ccxt id may be typed."""

SAID = {
    "added": "The account was added. Its history is being read.",
    "already-syncing": "A sync is running already.",
    "syncing": "The sync has started.",
    "paused": "The account is paused. What was read stays.",
    "resumed": "The account is watched again.",
    "probed": "The source answered; the account is in order.",
    "removed": "The account was removed, with all that was read from it.",
    "channel": "The channel was added. Send a test to see that messages arrive.",
    "acknowledged": "The alert speaks no more, but will say when it is over.",
    "snoozed": "The alert is silent until then.",
    "tested": "A test message is on its way through every channel.",
}
"""What a page says after a form was sent. The address carries the word alone."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the navigation."""

    path: str
    name: str
    template: str
    ask: Callable[[App], Awaitable[Answer]]


async def _overview(app: App) -> Answer:
    found = await queries.harvest(app)
    return {
        **await queries.overview(app),
        **await queries.accounts(app),
        **await queries.issues(app),
        "worth": [o for o in found["opportunities"] if not o["blocked_by"]],
        "bars": loss_bars(found["opportunities"]),
    }


async def _harvest(app: App) -> Answer:
    answer = await queries.harvest(app)
    found = answer["opportunities"]
    lots = {lot["id"]: lot for lot in (await queries.lots(app))["lots"]}
    worth, blocked = [o for o in found if not o["blocked_by"]], [o for o in found if o["blocked_by"]]
    return {
        **await queries.overview(app),
        **await queries.accounts(app),
        "worth": worth,
        "blocked": blocked,
        "unsellable": answer["unsellable"],
        "lots": lots,
    }


async def _alerts(app: App) -> Answer:
    return {**await queries.alerts(app), **await queries.channels(app), **await queries.accounts(app)}


async def _balances(app: App) -> Answer:
    found = await queries.balances(app)
    return {**found, **await queries.accounts(app), "by_account": _grouped(found["balances"])}


async def _lots(app: App) -> Answer:
    """In the order of the answer; of very many the newest."""
    found = (await queries.lots(app))["lots"]
    newest = {id(lot) for lot in sorted(found, key=lambda lot: str(lot["acquired_at"]), reverse=True)[:LOTS_SHOWN]}
    shown = [lot for lot in found if id(lot) in newest]
    return {"lots": shown, "count": len(found), **await queries.accounts(app), "was_one_pool": await gains_page.was_one_pool(app)}


async def _gains(app: App, question: Asked = Asked()) -> Answer:
    return {**await gains_page.page(app, question), **await queries.accounts(app), "most": gains_page.DISPOSALS_SHOWN}


async def _plan(app: App) -> Answer:
    """A year without rules has no plan, and says why."""
    recorded = await proof.answer(app)
    told: Answer = {**await queries.accounts(app), "currency": await gains_page.currency(app), "most": PLANNED_SHOWN, "refusal": ""}
    try:
        return {**(await plan.plan(app, Wishes())), **recorded, **told}
    except Refused as refused:
        return {**recorded, **told, "refusal": str(refused)}


async def _transactions(app: App) -> Answer:
    newest = await queries.transactions(app, TRANSACTIONS_SHOWN)
    return {**newest, **await queries.accounts(app), "most": TRANSACTIONS_SHOWN}


async def _accounts(app: App) -> Answer:
    covered = _grouped((await queries.coverage(app))["coverage"])
    return {**await queries.accounts(app), "covered": covered, "chains": sorted(app.chains), "exchanges": EXCHANGES}


async def _issues(app: App) -> Answer:
    return {**await queries.issues(app), **await queries.accounts(app)}


def _grouped(items: Iterable[Answer]) -> dict[str, list[Answer]]:
    groups: dict[str, list[Answer]] = {}
    for item in items:
        groups.setdefault(item["account"], []).append(item)
    return groups


PAGES = (
    Page("/", "Overview", "overview.html", _overview),
    Page("/harvest", "Harvest", "harvest.html", _harvest),
    Page("/plan", "Plan", "plan.html", _plan),
    Page("/alerts", "Alerts", "alerts.html", _alerts),
    Page("/balances", "Balances", "balances.html", _balances),
    Page("/lots", "Lots", "lots.html", _lots),
    Page("/gains", "Gains", "gains.html", _gains),
    Page("/transactions", "Transactions", "transactions.html", _transactions),
    Page("/accounts", "Accounts", "accounts.html", _accounts),
    Page("/issues", "Issues", "issues.html", _issues),
)
BY_PATH = {p.path: p for p in PAGES}
PAGES_BELOW = frozenset({"/gains/explanation", "/lots/explanation", "/lots/allocation"})
"""Pages that no entry of the navigation leads to."""


async def show(request: Request, path: str, who: Visitor, refused: Refused | Stopped | Busy | None = None, code: int = 200) -> HTMLResponse:
    """A page of PAGES as it stands now; `refused` is why the form that was just sent did nothing."""
    shown = BY_PATH[path]
    told = await shown.ask(request.app.state.thresher)
    return _filled(request, who, told, shown.template, shown.name, path=path, refused=refused, code=code)


def _filled(
    request: Request,
    who: Visitor,
    told: Answer,
    template: str,
    title: str,
    *,
    path: str,
    refused: Refused | Stopped | Busy | None = None,
    code: int = 200,
) -> HTMLResponse:
    """`path`: the page of the navigation that this one is, or belongs to."""
    work: Work = request.app.state.work
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "said"]
    here = request.url.path if request.method == "GET" else path
    return page(
        template,
        code,
        title=title,
        pages=PAGES,
        path=path,
        here=here,
        again=f"{here}?{urlencode(asked)}" if asked else here,
        token=who.token,
        said=SAID.get(request.query_params.get("said", "")),
        refused=refused,
        working=work.is_running(),
        work_says=work.says,
        labels={a["id"]: a["label"] for a in told.get("accounts", ())},
        **told,
    )


def _route(shown: Page) -> None:
    async def answer(request: Request, who: Owner) -> HTMLResponse:
        return await show(request, shown.path, who)

    router.add_api_route(shown.path, answer, methods=["GET"], name=shown.name, response_class=HTMLResponse)


for _page in PAGES:
    if _page.path != "/gains":
        _route(_page)


# ------------------------------------------------------------------ gains, and why


@router.get("/gains")
async def all_gains(request: Request, who: Owner, app: Thresher, *, year: str = "", method: str = "", scope: str = "") -> HTMLResponse:
    """An empty field of the form means that nothing was chosen."""
    try:
        question = gains.asked(_year(year), method or None, scope or None)
    except Refused as refused:
        return await show(request, "/gains", who, refused, 422)
    return _filled(request, who, await _gains(app, question), "gains.html", "Gains", path="/gains")


def _year(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) == len("2025")):
        raise Refused("year", "give a year such as 2025")
    return int(text) if text else None


@router.get("/gains/explanation")
async def gain_page(request: Request, who: Owner, app: Thresher, id: str, *, method: str = "", scope: str = "") -> HTMLResponse:
    told = await gains.gain(app, id, method or None, scope or None)
    asked = {name: value for name, value in (("method", method), ("scope", scope)) if value}
    shown = await _explained(app, told, {"of": "gains", "id": id, "asked": asked})
    return _filled(request, who, shown, "explanation.html", "Explanation of a disposal", path="/gains")


@router.get("/lots/explanation")
async def lot_page(request: Request, who: Owner, app: Thresher, id: str, *, method: str = "") -> HTMLResponse:
    asked = {"method": method} if method else {}
    shown = await _explained(app, await gains.lot(app, id, method or None), {"of": "lots", "id": id, "asked": asked})
    return _filled(request, who, shown, "explanation.html", "Explanation of a lot", path="/lots")


async def _explained(app: App, told: Answer, question: Answer) -> Answer:
    count = len(told["explanations"])
    return {
        "explanations": gains_page.for_page(told),
        "count": count,
        "most_steps": gains_page.STEPS_SHOWN,
        "figures": FIGURES,
        "currency": await gains_page.currency(app),
        **question,
    }


@router.get("/lots/allocation")
async def allocation_page(request: Request, who: Owner, app: Thresher) -> HTMLResponse:
    told = await lot_choices.allocation(app) | {"currency": await gains_page.currency(app), "most": ALLOCATED_SHOWN}
    return _filled(request, who, told, "allocation.html", "From one pool to accounts", path="/lots")


# ------------------------------------------------------------------ signing in


@router.get("/login")
async def login_page(request: Request, app: Thresher, after: str = "/") -> Response:
    try:
        await visitor(request, app)
    except SignIn:
        return _login(after, await app.store.owner_hash() is not None)
    return RedirectResponse(_page_or_first(after), 303)


@router.post("/login")
async def login(request: Request, app: Thresher) -> Response:
    """Sets the session's cookie. 403 from elsewhere, 422 for a wrong password, 429 with Retry-After after too many."""
    if not same_origin(request):
        return _login("/", ready=True, says="Sign in from thresher's own page.", code=403)
    attempts: Attempts = request.app.state.attempts
    client = request.client.host if request.client else ""
    fields = await request.form(max_files=0, max_fields=10)
    after = _page_or_first(str(fields.get("after", "/")))
    if wait := attempts.wait_seconds(client):
        says = f"Too many attempts. Try again in {wait} seconds."
        return _login(after, ready=True, says=says, code=429, headers={"Retry-After": str(wait)})
    try:
        secret = await access.login(app, str(fields.get("password", "")))
    except Refused as wrong:
        sentence = str(wrong)
        return _login(after, ready=True, says=f"{sentence[:1].upper()}{sentence[1:]}.", code=422)
    attempts.forget(client)
    response = RedirectResponse(after, 303)
    set_cookie(request, response, secret)
    return response


def _login(after: str, ready: bool, says: str = "", code: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    return page("login.html", code, headers, title="Sign in", after=_page_or_first(after), ready=ready, says=says)


def _page_or_first(after: str) -> str:
    """Only our own pages are gone to after signing in, with what was asked of them; the address is written anew from its parts."""
    path, _, query = after.partition("?")
    if path not in BY_PATH and path not in PAGES_BELOW:
        return "/"
    asked = [(name, value) for name, value in parse_qsl(query) if name != "said"]
    return f"{path}?{urlencode(asked)}" if asked else path


def signed_out() -> Response:
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
