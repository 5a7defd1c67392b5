"""The server: ``streamlit run app.py``.

What people see is in ``explorer/app``; ``frame.py`` there is the script that runs for each of
them. Here is what holds for every answer: which hosts are served, and the security headers.
No torch and no checkpoint is loaded beforehand: a page that asks for them loads them, once for all.
"""

import base64
import hashlib
import importlib
import os
import re
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from explorer.app import PAGES
from explorer.app.generation.served import ROUTES
from explorer.app.lesson.routes import room_of_environment, routes, teacher_page

FRAME_ANCESTORS = "EXPLORER_FRAME_ANCESTORS"
"""Environment variable: which sites may show the app in a frame, as in Content-Security-Policy."""


room = room_of_environment()


def inline_scripts() -> str:
    """Hashes of the scripts inside Streamlit's page and the teacher's: no other runs inline."""
    pages = [(Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")]
    pages += [teacher_page(room)] if room else []
    scripts = re.findall(r"<script(?![^>]*src)[^>]*>(.*?)</script>", "\n".join(pages), re.S)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def frame_ancestors(setting: str) -> str:
    """Turn the setting into the words of the header; ``self`` and ``none`` are put in quotes.

    Raises
    ------
    ValueError
        The setting is not a list of origins.
    """
    words = setting.split() or ["self"]
    for word in words:
        if not re.fullmatch(r"\*|self|none|(https?://)?[\w*.-]+(:(\d+|\*))?/?", word):
            raise ValueError(
                f"{FRAME_ANCESTORS} must be `self`, `none`, `*` or origins such as "
                f"https://slides.example.org, separated by spaces; got {word[:80]!r}"
            )
    return " ".join(f"'{word}'" if word in ("self", "none") else word for word in words)


def headers(setting: str) -> dict[str, str]:
    """Return what every answer carries; ``setting`` is that of ``EXPLORER_FRAME_ANCESTORS``."""
    ancestors = frame_ancestors(setting)
    found = {
        "Content-Security-Policy": (
            f"default-src 'self'; script-src 'self' {inline_scripts()} blob:; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
            "media-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
            f"object-src 'none'; base-uri 'self'; frame-ancestors {ancestors}"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    if ancestors == "'self'":  # for browsers that do not know frame-ancestors
        found["X-Frame-Options"] = "SAMEORIGIN"
    return found


class Guard:
    """ASGI middleware: refuses hosts that are not served, and puts headers on every answer."""

    def __init__(self, app):
        self.app = app
        self.headers = headers(os.environ.get(FRAME_ANCESTORS, ""))

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        if scope["type"] != "http":  # Streamlit checks the host of websockets itself
            await self.app(scope, receive, send)
        elif is_host_allowed(Headers(scope=scope).get("host")):
            await self.app(scope, receive, send_with_headers)
        else:
            refusal = PlainTextResponse("This host is not among server.allowedHosts.", 403)
            await refusal(scope, receive, send_with_headers)


@asynccontextmanager
async def lifespan(_app):
    """Import what the first page needs while the first browser still fetches Streamlit's files."""
    names = ("pandas", "explorer.app.barycenters.widget")  # components of Streamlit ask for pandas
    threading.Thread(target=lambda: [*map(importlib.import_module, names)], daemon=True).start()
    yield


async def home(request):
    """Streamlit serves the first page at ``/`` only; its own name leads there too."""
    query = request.url.query
    return RedirectResponse(f"/?{query}" if query else "/")


app = st.App(
    "explorer/app/frame.py",
    lifespan=lifespan,
    routes=[Route(f"/{next(iter(PAGES))}", home), *ROUTES, *routes(room)],
    middleware=[Middleware(Guard)],
)
