"""One process on loopback: web page, JSON API, scheduler. Imported when it is asked for."""

from __future__ import annotations

import logging
import socket
import sys

import structlog
import typer
import uvicorn

from service import http, scheduler
from service.app.ports import App


class _Announced(uvicorn.Server):
    """Says where it is once it listens: with port 0 only then is it known."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                typer.echo(f"thresher is at http://{host}:{port} (stop it with Ctrl-C)", err=True)


async def serve(app: App, host: str, port: int) -> None:
    """Until it is told to stop (SIGINT, SIGTERM)."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    config = uvicorn.Config(http.create_app(app), host=host, port=port, log_level="warning", access_log=False, server_header=False)
    async with scheduler.running(app):
        await _Announced(config).serve()
