"""The web page and the JSON API: two renderings of the same answers, behind one owner's password."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from service.app import rebuild
from service.app.ports import App
from service.http import api, failures, forms, gains_api, pages, plan_api
from service.http.auth import Attempts
from service.http.guard import Guard
from service.http.shown import HERE
from service.http.work import Work


def create_app(app: App, hosts: Sequence[str] = ()) -> FastAPI:
    """The ASGI application. It answers to loopback names, to settings.http_host and to `hosts`, and to no other name."""
    work = Work()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if await rebuild.is_behind(app):
            await rebuild.catch_up(app)
        yield
        await work.stop()

    http = FastAPI(
        title="thresher",
        description="Reconciled balances, lots and harvest opportunities. Amounts are decimal strings, times ISO 8601 UTC.",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    http.state.thresher = app
    http.state.attempts = Attempts()
    http.state.work = work
    http.add_api_route("/healthz", _healthz, include_in_schema=False)
    http.include_router(api.router)
    http.include_router(gains_api.router)
    http.include_router(plan_api.router)
    http.include_router(pages.router)
    http.include_router(forms.router)
    http.mount("/static", StaticFiles(directory=HERE / "static"))
    failures.add_to(http)
    http.add_middleware(Guard, names=(app.settings.http_host, *hosts))
    return http


async def _healthz() -> dict[str, str]:
    """Open to anybody: says that the process answers, and nothing else."""
    return {"status": "ok"}
