"""The server and the frame, without a browser."""

import base64
import contextlib
import hashlib
import http.client
import importlib.util
import os
import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from explorer.app import PAGES
from explorer.catalog import looks

ROOT = Path(__file__).parents[2]
APP = ROOT / "explorer" / "app"


def test_every_page_of_the_navigation_has_its_file():
    assert [p for p in PAGES if not (APP / p.replace("-", "_") / "page.py").exists()] == []


def test_the_theme_has_the_colors_of_the_palette():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
    for name in looks.THEMES:
        surfaces = theme[name]["backgroundColor"], theme[name]["secondaryBackgroundColor"]
        assert surfaces == looks.BACKGROUNDS[name]
        assert theme[name]["chartCategoricalColors"] == list(looks.COLORS[name].values())


def test_the_frame_draws_the_first_page_and_the_footer():
    frame = AppTest.from_file(str(APP / "frame.py"), default_timeout=60).run()
    assert not frame.exception
    assert len(frame.title) == 1
    assert frame.caption[-1].value.startswith("Barycenter Explorer")


NONSENSE = {
    "numbers": "e=nan,inf,-1e999;;<script>alert(1)</script>&c=999&l=%00&lesson=%F0%9F%92%A9",
    "names": "model=../../etc/passwd&models=poe,,xx&seed=-1&k=1e9&item=99999999&given=m9&dim=-5",
    "length": "a=" + "x" * 5000,
}


@pytest.mark.parametrize("query", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize("path", PAGES)
def test_nonsense_in_the_url_breaks_no_page(path, query):
    file = APP / path.replace("-", "_") / "page.py"
    page = AppTest.from_file(str(file), default_timeout=60)
    for name, value in parse_qsl(query):
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert len(page.title) == 1


def server_module():
    """``app.py``, which is a script and no part of the package."""
    spec = importlib.util.spec_from_file_location("served_app", ROOT / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(server, path, headers):
    """Status, headers and body that the server answers with."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            body = b"" if response.status == 101 else response.read()
            return response.status, response.headers, body


def upgrade(server, host):
    """Status of a websocket handshake that names ``host``."""
    headers = {
        "Host": host,
        "Origin": f"http://{host}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    status, _, _ = answer(server, "/_stcore/stream", headers)
    return status


def test_a_rebound_host_name_is_refused(server):
    host = urlsplit(server).netloc
    assert upgrade(server, host) == 101
    assert upgrade(server, "attacker.example") == 403
    assert answer(server, "/", {"Host": host})[0] == 200
    assert answer(server, "/", {"Host": "attacker.example"})[0] == 403


@pytest.mark.parametrize("path", ["/", "/barycenters", "/_stcore/health", "/no/such/file.js"])
def test_every_answer_carries_the_security_headers(server, path):
    _, headers, _ = answer(server, path, {})
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "media-src 'self' data:" in policy  # sounds beside the picked tuple
    assert "unsafe-eval" not in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_scripts_inside_the_page_run_only_with_the_hash_of_streamlits_own(server):
    _, headers, body = answer(server, "/", {})
    directives = [part.split() for part in headers["content-security-policy"].split(";")]
    allowed = next(words[1:] for words in directives if words[0] == "script-src")
    assert "'unsafe-inline'" not in allowed
    inline = re.findall(r"<script>(.*?)</script>", body.decode(), re.S)
    assert inline
    for script in inline:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed


def test_the_name_of_the_first_page_leads_home_on_the_same_host_with_its_state(server):
    status, headers, _ = answer(server, "/barycenters?e=1,2;3,4&c=7", {})
    assert status == 307
    assert headers["location"] == "/?e=1,2;3,4&c=7"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", "frame-ancestors 'self'"),
        ("none", "frame-ancestors 'none'"),
        (
            "self https://lms.example.org:8443",
            "frame-ancestors 'self' https://lms.example.org:8443",
        ),
        ("*", "frame-ancestors *"),
    ],
)
def test_sites_that_may_frame_the_app_are_set_by_the_environment(setting, words):
    found = server_module().headers(setting)
    assert found["Content-Security-Policy"].endswith(words)
    assert ("X-Frame-Options" in found) == (setting == "")


@pytest.mark.parametrize("setting", ["x; script-src *", "javascript:alert(1)", "'self'", "a,b"])
def test_a_frame_setting_that_is_no_list_of_sites_is_refused(setting):
    with pytest.raises(ValueError, match="EXPLORER_FRAME_ANCESTORS must be"):
        server_module().headers(setting)
