"""The server: ``streamlit run app.py``.

What people see is in ``explorer/app``; ``frame.py`` there is the script that runs for each of
them. Here is what happens once: security headers on every answer, and the checkpoints loaded
in the background, so that the first page does not wait for torch and the others do not either.
"""

import logging
import threading
from contextlib import asynccontextmanager

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from explorer.app import PAGES
from explorer.app.lesson.routes import room_of_environment, routes

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "media-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}

HEAD_START = 2.0
"""Seconds; the first page needs no torch."""

prewarmed = threading.Event()


class SecurityHeaders:
    """ASGI middleware: ``HEADERS`` on every HTTP answer."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


@asynccontextmanager
async def lifespan(_app):
    """Load the checkpoints in the background, once the first page had the processor to itself."""
    timer = threading.Timer(HEAD_START, prewarm)
    timer.daemon = True
    timer.start()
    yield
    timer.cancel()


def prewarm():
    """Import torch, load what the pages share, and answer once so that the first click is quick."""
    from explorer.app.generation.answers import answer
    from explorer.app.generation.state import Question
    from explorer.app.latent_space import maps as atlas
    from explorer.app.shared.choices import DEFAULT
    from explorer.app.shared.loaded import INFERENCE, lab

    # caches warn that no one is looking at their spinner
    logging.getLogger(st.runtime.scriptrunner_utils.script_run_context.__name__).setLevel("ERROR")
    with INFERENCE:
        answer(lab(DEFAULT), Question())
    atlas.prewarm()
    prewarmed.set()


async def ready(_request):
    """Whether the checkpoints are loaded; pages answer before that, only more slowly."""
    return JSONResponse({"ready": prewarmed.is_set()})


async def home(request):
    """Streamlit serves the first page at ``/`` only; its own name leads there too."""
    return RedirectResponse(request.url.replace(path="/"))


app = st.App(
    "explorer/app/frame.py",
    lifespan=lifespan,
    routes=[
        Route("/api/ready", ready),
        Route(f"/{next(iter(PAGES))}", home),
        *routes(room_of_environment()),
    ],
    middleware=[Middleware(SecurityHeaders)],
)
