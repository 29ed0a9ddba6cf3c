"""Serving: a socket that is taken first, an app that is run on it, and a clean end on Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
import types
from collections.abc import Callable
from typing import TYPE_CHECKING

from tenure_core.errors import SettingError
from tenure_core.settings import Settings

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host

BACKLOG = 2048
GARBAGE_THRESHOLDS = (50_000, 20, 100)
"""A chunk of a load is tens of thousands of objects that live until it is written: Python would look through
them dozens of times, which is a quarter of the work. Garbage in circles waits longer; there is little."""

SECONDS_TO_FINISH = 5
"""How long requests that run may take to end when the server is told to stop."""


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens on the address of the settings.

    Taken before any long work, it tells at once that the port is free, and keeps it so; early clients wait.

    Raises:
        SettingError: The port is in use, or the address is not one of this machine.
    """
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise _refused(host, port, error) from error


def _refused(host: str, port: int, error: OSError) -> SettingError:
    if error.errno == errno.EADDRINUSE:
        return SettingError(
            f"Port {port} on {host} is in use.",
            "Stop the program that uses it, or choose another with --port.",
        )
    return SettingError(
        f"Can't listen on {host}:{port}: {error.strerror}.", "Choose another with --host and --port."
    )


def address_of(listener: socket.socket) -> str:
    """Return the URL at which a person on this machine finds a listening socket."""
    host, port = listener.getsockname()[:2]
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}"


def stop_cleanly() -> None:
    """Let Ctrl-C and SIGTERM leave the program by SystemExit, so that everything that was started is stopped.

    A second signal is ignored: it would interrupt the stopping.
    """

    def leave(_number: int, _frame: types.FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


def run(
    host: Host, settings: Settings, url: str, listener: socket.socket, announce: Callable[[], None]
) -> None:
    """Serve until told to stop.

    Args:
        host: The plugins that are served, too.
        settings: The settings of the app.
        url: The PostgreSQL to serve; its migrations are complete.
        listener: The socket to answer on.
        announce: Called once the first request would be answered.
    """
    import uvloop

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(host, settings, url, listener, announce))


async def _serve(
    host: Host, settings: Settings, url: str, listener: socket.socket, announce: Callable[[], None]
) -> None:
    from uvicorn import Config, Server

    from tenure_schema.app import app_of

    app = app_of(host, settings, url)
    config = Config(
        app,
        http="httptools",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        ws_max_size=settings.max_body_bytes,
    )
    # The lifespan is run here and not by uvicorn, which would log an error in it as a traceback.
    async with app.router.lifespan_context(app):
        # What was built to stay is never garbage; looking through it would hold requests up for 0.1 s.
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        gc.enable()
        announce()
        await Server(config).serve([listener])
