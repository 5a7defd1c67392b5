"""A server on this machine that serves files well, or as badly as a test wants."""

import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """``served`` by path, and per path a list of ``moods`` for the next requests.

    A mood is a function of the request handler and the content; without one the content is sent,
    from where ``Range`` asks. ``asked`` lists every request's path and range.
    """

    def __init__(self, url):
        self.url, self.served, self.moods, self.asked = url, {}, {}, []

    def add(self, path, content, *moods):
        self.served[path], self.moods[path] = content, list(moods)
        return f"{self.url}/{path}"


@contextmanager
def serving():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.lstrip("/").partition("?")[0]
            server.asked.append((path, self.headers.get("Range")))
            moods = server.moods.get(path)
            if path not in server.served:
                self.send_error(404)
            elif moods:
                moods.pop(0)(self, server.served[path])
            else:
                send(self, server.served[path])

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def send(handler, content, kind="application/octet-stream"):
    """Send all of it, or the part that is asked for."""
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
    start = int(asked[1]) if asked else 0
    if asked and start >= len(content):
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(content)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if asked else 200)
    handler.send_header("Content-Type", kind)
    if asked:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    try:
        handler.wfile.write(content[start:])
    except OSError:  # the other side went away
        handler.close_connection = True


def truncated(handler, content):
    """Promise all, send a third of what is asked for, hang up."""
    whole = handler.wfile
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
    left = len(content) - (int(asked[1]) if asked else 0)

    class Third:
        sent = 0

        def write(self, data):
            if data.startswith(b"HTTP/"):
                return whole.write(data)
            return whole.write(data[: left // 3])

        def flush(self):
            whole.flush()

    handler.wfile = Third()
    send(handler, content)
    handler.wfile = whole
    handler.close_connection = True


def page(handler, _content):
    send(handler, b"<!DOCTYPE html><title>Please log in</title>", "text/html; charset=utf-8")


def page_in_disguise(handler, _content):
    send(handler, b"\n<HTML>Quota exceeded</HTML>")


def busy(handler, _content):
    handler.send_error(503)


def silent(handler, content):
    """Send half, then nothing for a while, without hanging up."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    time.sleep(1.5)
    handler.close_connection = True


def dribbling(handler, content):
    """A byte now and then: never silent, never done."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    try:
        for start in range(60):
            handler.wfile.write(content[start : start + 1])
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        handler.close_connection = True


def no_ranges(handler, content):
    """All of it, whatever part is asked for."""
    del handler.headers["Range"]
    send(handler, content)


def slowly(seconds):
    """All of it, spread over some time."""

    def mood(handler, content):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        step = -(-len(content) // 20)
        try:
            for start in range(0, len(content), step):
                handler.wfile.write(content[start : start + step])
                handler.wfile.flush()
                time.sleep(seconds / 20)
        except OSError:
            handler.close_connection = True

    return mood
