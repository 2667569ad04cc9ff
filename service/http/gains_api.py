"""The JSON API of realised gains: the answers of `thresher gains` and of both `explain`, and the files that they write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from service.app.gains import METHODS, Asked
from service.app.ports import Refused
from service.domain.ledger import Scope
from service.http import gains
from service.http.api import Answer, documented
from service.http.auth import Thresher, authorised

router = APIRouter(prefix="/api/v1", dependencies=[Depends(authorised)], tags=["gains"])

LATEST_YEAR = 9999
Year = Annotated[int | None, Query(ge=1, le=LATEST_YEAR, description="only this tax year; section104: the year in which it ends")]
OneYear = Annotated[int, Query(ge=1, le=LATEST_YEAR, description="the form's")]
Method = Annotated[str | None, Query(description="without it as you chose", json_schema_extra={"enum": [*METHODS]})]
AsScope = Annotated[Scope | None, Query(description="a pool for each account, or one for all; without it as you said")]
Zone = Annotated[str | None, Query(description="whose days count, such as America/New_York; without it the holder's")]
Reported = Annotated[
    list[str] | None, Query(description="ACCOUNT=basis or ACCOUNT=proceeds: what a broker tells on Form 1099-DA; repeat for each account")
]


def _asked(year: Year = None, method: Method = None, scope: AsScope = None, zone: Zone = None) -> Asked:
    return gains.asked(year, method, scope, zone)


def _asked_of_year(year: OneYear, method: Method = None, scope: AsScope = None, zone: Zone = None) -> Asked:
    return gains.asked(year, method, scope, zone)


Question = Annotated[Asked, Depends(_asked)]
QuestionOfYear = Annotated[Asked, Depends(_asked_of_year)]


# ------------------------------------------------------------------ answers


@router.get("/gains", summary="Realised gains: every match, totals by tax year and term, what is open", responses=documented("gains"))
async def all_gains(question: Question, app: Thresher) -> Response:
    return await _json(await gains.answer(app, question))


@router.get(
    "/gains/{id:path}/explanation", summary="Why a disposal, or one match of it, came out as it did", responses=documented("explanations")
)
async def explain_gain(id: str, app: Thresher, method: Method = None, scope: AsScope = None) -> Response:
    return await _json(await gains.gain(app, id, method, scope))


@router.get("/lots/{id:path}/explanation", summary="Where a lot came from, and where its parts went", responses=documented("explanations"))
async def explain_lot(id: str, app: Thresher, method: Method = None) -> Response:
    return await _json(await gains.lot(app, id, method))


async def _json(answer: Answer) -> Response:
    """Written in a thread: it may have a hundred thousand items."""
    text = await asyncio.to_thread(json.dumps, answer, ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type="application/json")


# ------------------------------------------------------------------ files


def _file(kind: str, says: str) -> dict[str, Any]:
    """What the OpenAPI document says of a file."""
    return {"response_class": Response, "summary": says, "responses": {200: {"content": {kind: {"schema": {"type": "string"}}}}}}


@router.get("/gains.csv", **_file("text/csv", "Every match as a row, the same bytes as of `thresher gains --csv`"))
async def matches(question: Question, app: Thresher) -> Response:
    return _attached(await gains.matches(app, question), "text/csv", "gains", question, "csv")


@router.get("/gains/form-8949.csv", **_file("text/csv", "The year's rows of Form 8949"))
async def form_8949(question: QuestionOfYear, app: Thresher, reported: Reported = None) -> Response:
    form = await gains.form(app, question, _reported(reported or []))
    return _attached(form.form_8949(), "text/csv", "form-8949", question, "csv", form.says())


@router.get("/gains/schedule-d.csv", **_file("text/csv", "The year's lines of Schedule D for these rows"))
async def schedule_d(question: QuestionOfYear, app: Thresher, reported: Reported = None) -> Response:
    form = await gains.form(app, question, _reported(reported or []))
    return _attached(form.schedule_d(), "text/csv", "schedule-d", question, "csv", form.says())


@router.get("/gains/form-8949.txf", **_file("text/plain", "The rows of Form 8949 for tax programs (TXF 042)"))
async def txf(question: QuestionOfYear, app: Thresher, reported: Reported = None) -> Response:
    form = await gains.form(app, question, _reported(reported or []))
    return _attached(form.txf(app.now().date()), "text/plain", "form-8949", question, "txf", form.says(of_txf=True))


SAYS = "Thresher-Says"
"""A header of a file: what the command would say of it on standard error."""


def _attached(text: str, kind: str, name: str, question: Asked, ending: Literal["csv", "txf"], says: Sequence[str] = ()) -> Response:  # noqa: PLR0917  # one of each
    """A file whose name says what it is of; each word of the name is one of ours."""
    words = (name, question.year, question.method, question.scope)
    filename = f"{'-'.join(str(word) for word in words if word is not None)}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    if says:
        headers[SAYS] = "; ".join(says).encode("ascii", "backslashreplace").decode("ascii")
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


def _reported(words: list[str]) -> dict[str, str]:
    told = {}
    for word in words:
        account, equals, what = word.rpartition("=")
        if not equals:
            raise Refused("reported", f"write ACCOUNT=basis or ACCOUNT=proceeds, not {word!r}")
        told[account] = what
    return told
