"""Runs the server: listens on a socket, runs the app on it, and stops on Ctrl-C and SIGTERM."""

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

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host
    from tenure_core.settings import Settings

BACKLOG = 2048

GC_THRESHOLDS = (50_000, 20, 100)
"""Higher than Python's defaults: a chunk of a bulk load is tens of thousands of objects that live until it is
written, and repeated collections would take a quarter of the time. There is little cyclic garbage."""

SHUTDOWN_SECONDS = 5
"""How long the server waits for running requests when it stops."""


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket.

    The socket is created before the database and the app, so that a port in use is reported immediately and
    early clients wait instead of being refused.

    Raises:
        SettingError: The port is in use, or the address is not an address of this machine.
    """
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise _listen_error(host, port, error) from error


def _listen_error(host: str, port: int, error: OSError) -> SettingError:
    if error.errno == errno.EADDRINUSE:
        return SettingError(
            f"Port {port} on {host} is in use.",
            "Stop the program that uses it, or choose another port with --port.",
        )
    return SettingError(
        f"Can't listen on {host}:{port}: {error.strerror}.", "Choose another address with --host and --port."
    )


def listener_url(listener: socket.socket) -> str:
    """Return the base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def stop_on_signals() -> None:
    """Raise SystemExit on Ctrl-C and SIGTERM, so that context managers stop what they started.

    Further signals are ignored, because they would interrupt the shutdown.
    """

    def stop(_number: int, _frame: types.FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def run_server(
    host: Host, settings: Settings, url: str, listener: socket.socket, on_ready: Callable[[], None]
) -> None:
    """Serve until a signal stops the process.

    Args:
        host: The loaded plugins.
        settings: The settings of the app.
        url: The migrated database.
        listener: The listening socket.
        on_ready: Called when the server accepts requests.
    """
    import uvloop

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(host, settings, url, listener, on_ready))


async def _serve(
    host: Host, settings: Settings, url: str, listener: socket.socket, on_ready: Callable[[], None]
) -> None:
    from uvicorn import Config, Server

    from tenure_schema.app import create_app_for

    app = create_app_for(host, settings, url)
    config = Config(
        app,
        http="httptools",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ws_max_size=settings.max_body_bytes,
    )
    # The lifespan runs here and not in uvicorn, which would log an error in it with a traceback.
    async with app.router.lifespan_context(app):
        # Objects that were created at startup are never garbage; a scan would block requests for 0.1 s.
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        on_ready()
        await Server(config).serve([listener])
