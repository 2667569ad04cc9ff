"""What goes wrong, as an answer: {"error": {"field", "says"}} for the API, a page for a browser. Nothing that was sent is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from service.app.ports import Busy, Refused, Stopped
from service.http.auth import SignIn
from service.http.shown import page

STATUS = {Refused: 422, Stopped: 409, Busy: 409}


def add_to(http: FastAPI) -> None:
    for kind in STATUS:
        http.add_exception_handler(kind, _use_case)
    http.add_exception_handler(RequestValidationError, _unusable)
    http.add_exception_handler(HTTPException, _http)
    http.add_exception_handler(SignIn, _sign_in)


def status_of(failed: Exception) -> int:
    return STATUS[type(failed)]


def field_of(failed: Exception) -> str:
    return failed.field if isinstance(failed, Refused) else "account"


async def _use_case(request: Request, failed: Exception) -> Response:
    return answer(request, status_of(failed), field_of(failed), str(failed))


async def _http(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, HTTPException)
    return answer(request, failed.status_code, None, failed.detail, failed.headers)


async def _sign_in(_: Request, failed: Exception) -> Response:
    assert isinstance(failed, SignIn)
    return RedirectResponse("/login" if failed.after == "/" else f"/login?after={quote(failed.after)}", 303)


async def _unusable(request: Request, failed: Exception) -> Response:
    """FastAPI's own answer carries the input, which may be a secret; ours carries the place and the rule."""
    assert isinstance(failed, RequestValidationError)
    first = failed.errors()[0]
    place, rule = first["loc"], first["type"]
    known = rule not in ("extra_forbidden", "json_invalid") and len(place) > 1
    field = str(place[1]) if known else str(place[0])
    says = {
        "missing": "is needed",
        "json_invalid": "is not valid JSON",
        "extra_forbidden": "has a field that does not belong there",
    }.get(rule, first["msg"])
    return answer(request, 422, field, says)


def answer(request: Request, status: int, field: str | None, says: str, headers: Mapping[str, str] | None = None) -> Response:
    sentence = says[:1].upper() + says[1:]
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": {"field": field, "says": says}}, status, headers)
    return page("failed.html", status, headers=headers, title="That did not work", status=status, says=sentence)
