"""Getting files from who serves them: resumed, retried, checked, and whole or not there at all.

What is on its way lies in ``.fetching/`` of the data directory, where no loader looks, and moves
to its place when it is whole. pooch compares hashes; how the bytes come is here, for pooch neither
goes on where it was stopped nor notices a server that sends a web page or next to nothing.
"""

import errno
import http.client
import json
import logging
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

from explorer.files.sources.directory import DataError, data_directory
from explorer.files.sources.state import (
    FETCHING,
    damage,
    digest,
    inspect,
    partial,
    remedy,
    source,
)
from explorer.files.sources.table import File, Way
from explorer.files.sources.unpacking import MOST_BYTES, NoRoom, check_room, in_words
from explorer.files.whole import alone, write_whole

PAUSES = (1.0, 3.0, 9.0)
"""Seconds to wait before the next attempt while nothing new arrives; after the last, give up."""
SILENCE = 30.0
"""Seconds without a byte after which a server counts as gone."""
WINDOW, SLOWEST = 60.0, 1000
"""Seconds over which a server must send this many bytes a second."""
CHUNK = 2**18
AGENT = "barycenter-explorer"
PAGE_STARTS = (b"<!doctype html", b"<html")
RANGE_NOT_THERE = 416
PINS = "fetched.json"
"""File of the data directory with the hashes of what was got from sources that publish none."""
KEPT_SECONDS = 30 * 24 * 3600
"""Age at which the begun download of another dataset is removed."""
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)

Progress = Callable[[str, int, int | None], None]
"""Called with what is fetched, bytes that are here, and bytes in all where that is known."""


class Interrupted(Exception):
    """A server that failed, stalled or sent too little: worth another attempt."""


def fetch(
    name: str,
    *,
    root: Path | None = None,
    way: str | None = None,
    again: bool = False,
    progress: Progress = lambda what, done, total: None,
    on_wait: Callable[[], None] = lambda: None,
) -> list[Path]:
    """Get the files of dataset ``name`` that are not here and whole; return where all are.

    Parameters
    ----------
    root
        The data directory; by default :func:`data_directory`.
    way
        Name of one of the source's ways; by default the first that is served directly.
    again
        Also download files that are here and whole.
    on_wait
        Called before waiting for another process that fetches into ``root``.

    Raises
    ------
    ValueError
        There is no such source or way.
    DataError
        A person has to get it, a server fails, or what came is not what it should be.
    """
    chosen = _choose(name, way)
    root = root or data_directory()
    folder = root / FETCHING
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / "lock", on_wait):
            lacking = [file for file in chosen.files if not inspect(file, root).usable]
            wanted = chosen.files if again else lacking
            served = [file for file in wanted if file.url is not None]
            check_room(root, sum(file.size or 0 for file in served))
            _tidy(folder, chosen)
            for file in served:
                _fetch(file, root, progress)
    except OSError as error:
        raise DataError(_in_words(error, root)) from error
    by_hand = [file.path for file in lacking if file.url is None]
    if by_hand:
        raise DataError(
            f"{name!r} still needs {', '.join(by_hand)} in {root}. {chosen.steps} "
            f"Page: {source(name).page}"
        )
    return [root / file.path for file in chosen.files]


def _choose(name: str, way: str | None) -> Way:
    ways = {each.name: each for each in source(name).ways}
    if way is not None:
        if way not in ways:
            raise ValueError(f"way of {name!r} must be one of {', '.join(ways)}; got {way!r}")
        return ways[way]
    served = [each for each in ways.values() if any(file.url for file in each.files)]
    if not served:
        raise DataError(f"{name!r} cannot be fetched by a program. {remedy(name)}")
    return max(served, key=lambda each: all(file.url for file in each.files))


def _alone(lock: Path, on_wait: Callable[[], None]) -> AbstractContextManager[None]:
    """Return the lock; first call ``on_wait`` if another process holds it."""
    try:
        with alone(lock, held=Interrupted()):
            pass
    except Interrupted:
        on_wait()
    return alone(lock)


def _tidy(folder: Path, way: Way) -> None:
    """Remove what processes that were killed have left, but what can still be of use."""
    of_use = {
        f"{prefix}{file.path.replace('/', '-')}{suffix}"
        for file in way.files
        for prefix, suffix in (("", ".partial"), ("whole-", ""))
    } | {"lock"}
    for leftover in folder.iterdir():
        old = time.time() - leftover.stat().st_mtime > KEPT_SECONDS
        if leftover.name.startswith("making-") or (old and leftover.name not in of_use):
            _clear(leftover)


def _fetch(file: File, root: Path, progress: Progress) -> None:
    """Get one file and put it in its place."""
    target, begun = root / file.path, partial(file, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    served = begun.with_name(f"whole-{file.path.replace('/', '-')}")
    if file.hash is None:
        begun.unlink(missing_ok=True)  # nothing would tell that two versions were joined
    _download(file, begun, served, progress)
    pin = _check_pin(file, served, root) if file.hash is None else None
    if file.make is None:
        wrong = damage(file, served)
        if wrong:
            served.unlink()
            raise DataError(f"what {file.url} sent is damaged: {wrong}; try again later")
        os.replace(served, target)
    else:
        _unpack(file, served, target, progress)
    if pin is not None:
        write_whole(root / PINS, json.dumps(_pins(root) | {file.url: pin}, indent=1) + "\n")


def _unpack(file: File, served: Path, target: Path, progress: Progress) -> None:
    """Make the file from the archive that was served, which is then removed."""
    progress(f"unpacking {target.name}", 0, None)
    making = served.with_name(served.name.replace("whole", "making", 1))
    _clear(making)
    try:
        file.make(served, making)
        _clear(target)
        os.replace(making, target)
    except NoRoom:
        raise
    except DataError:
        served.unlink()  # so that the next attempt gets it anew
        raise
    finally:
        _clear(making)
    served.unlink()


def _check_pin(file: File, served: Path, root: Path) -> str:
    """Hash of a file that has no published one.

    Raises
    ------
    DataError
        It is not what was got from there the first time.
    """
    found = digest(served, "sha256:")
    known = pinned_hash(file, root)
    if known not in (None, found):
        served.unlink()
        raise DataError(
            f"what {file.url} sends has changed since it was first fetched here: its hash is "
            f"{found}, and was {known}. If that is right, remove its line from {root / PINS}"
        )
    return found


def pinned_hash(file: File, root: Path) -> str | None:
    """Hash of what was got for a file without a published one; None where nothing was."""
    return _pins(root).get(file.url)


def _pins(root: Path) -> dict[str, str]:
    """Addresses and the hashes of what was got from there, where no hash is published."""
    notes = root / PINS
    try:
        return dict(json.loads(notes.read_text("utf-8"))) if notes.is_file() else {}
    except (ValueError, TypeError) as error:
        raise DataError(f"{notes} is damaged ({error}); remove it") from error


def _download(file: File, begun: Path, served: Path, progress: Progress) -> None:
    """Download a file and compare its hash; do it once more if a resumed download is wrong."""
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    download = Download(
        begun,
        file.size,
        lambda done, total: progress(file.path, done, total),
        None if file.hash else {_host(file.url), *file.hosts},
    )
    for last in (False, True):
        try:
            pooch.retrieve(
                file.url, file.hash, fname=served.name, path=served.parent, downloader=download
            )
            return
        except DataError:
            raise
        except ValueError as error:  # pooch: another hash
            if last or not download.resumed:
                raise DataError(
                    f"what {file.url} sent is not the published file ({file.hash}); nothing of it "
                    "is kept: try again, and if it stays so, the file has changed there"
                ) from error


class Download:
    """Downloads a file for pooch: goes on from what is in ``begun``, in several attempts if needed.

    Parameters
    ----------
    begun
        Where bytes are put; kept where they are not all.
    size
        Size of the whole file in bytes, if it is known.
    tell
        Called with bytes that are here and bytes in all.
    hosts
        Hosts that may serve the file, where no hash tells whether it is the right one; None for
        any.
    """

    def __init__(
        self,
        begun: Path,
        size: int | None,
        tell: Callable[[int, int | None], None],
        hosts: Collection[str] | None = None,
    ):
        self.begun, self.size, self.tell = begun, size, tell
        self.opener = urllib.request.build_opener(_Redirects(hosts))
        self.resumed = False

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Get ``url``, and move it to ``output_file``.

        Raises
        ------
        DataError
            Every attempt failed, or what comes is not the file.
        """
        self.resumed = False
        pauses, furthest = list(PAUSES), self._here()
        while True:
            self.most_here = self._here()
            try:
                self._go_on(url, self.most_here)
                break
            except Interrupted as error:
                # whoever begins again and again comes no further
                if self.most_here - furthest >= CHUNK:
                    pauses, furthest = list(PAUSES), self.most_here
                if not pauses:
                    raise DataError(
                        f"{url}: {error}. {in_words(self._here())} of it are kept; the same "
                        "command goes on from there"
                    ) from error
                time.sleep(pauses.pop(0))
        os.replace(self.begun, output_file)

    def _here(self) -> int:
        return self.begun.stat().st_size if self.begun.is_file() else 0

    def _go_on(self, url: str, done: int) -> None:
        """Make one attempt, from byte ``done`` on."""
        if done and done == self.size:
            return
        wanted = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        if done:
            wanted["Range"] = f"bytes={done}-"
        try:
            request = urllib.request.Request(url, headers=wanted)
            answer = self.opener.open(request, timeout=SILENCE)
        except urllib.error.HTTPError as error:
            self._refused(url, error, done)
            return
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(f"the server cannot be reached ({_reason(error)})") from error
        with answer:
            self._receive(url, answer, done)

    def _refused(self, url: str, error: urllib.error.HTTPError, done: int) -> None:
        """Handle an HTTP error: all is here already, try again, or give up."""
        if error.code == RANGE_NOT_THERE:
            if error.headers.get("Content-Range") == f"bytes */{done}":
                return
            self.begun.unlink()
            raise Interrupted("the file has changed there") from error
        if error.code in TRY_AGAIN:
            raise Interrupted(f"the server answered {error.code} {error.reason}") from error
        raise DataError(
            f"{url} answered {error.code} {error.reason}: the file may have moved"
        ) from error

    def _receive(self, url: str, answer: http.client.HTTPResponse, done: int) -> None:
        if answer.headers.get_content_type() == "text/html":
            raise _page(url)
        resumed = answer.status == http.client.PARTIAL_CONTENT
        if resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            self.begun.unlink()
            raise Interrupted("it sent another part than it was asked for")
        done = done if resumed else 0
        length = answer.headers.get("Content-Length")
        total = self.size if length is None else done + int(length)
        if self.size is not None and total != self.size:
            if resumed:
                self.begun.unlink()
                raise Interrupted("the file has changed there")
            raise DataError(
                f"{url} is {total} bytes, expected {self.size}: it is not the published file"
            )
        if total is not None:
            check_room(self.begun.parent, total - done)
        self.resumed = self.resumed or resumed
        with self.begun.open("ab" if resumed else "wb") as out:
            for chunk in _chunks(answer):
                if done == 0 and chunk.lstrip().lower().startswith(PAGE_STARTS):
                    raise _page(url)
                out.write(chunk)
                done += len(chunk)
                self.most_here = max(self.most_here, done)
                if done > MOST_BYTES:
                    raise DataError(f"{url} sends more than {in_words(MOST_BYTES)}; it is not used")
                self.tell(done, total)
            out.flush()
            os.fsync(out.fileno())
        if total is not None and done != total:
            raise Interrupted(f"it sent {done} of {total} bytes")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server that sends on to another place, but not to a host that is not known."""

    def __init__(self, hosts: Collection[str] | None):
        self.hosts = hosts

    def redirect_request(self, request, fp, code, msg, headers, newurl):  # noqa: ANN001, ANN201
        """Raise :class:`DataError` where a file without a hash would come from another host."""
        if self.hosts is not None and _host(newurl) not in self.hosts:
            raise DataError(
                f"{request.full_url} sends on to another host, {_host(newurl)}, and no hash is "
                "known that would tell whether its file is the right one; get it by hand if you "
                "trust that host"
            )
        return super().redirect_request(request, fp, code, msg, headers, newurl)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield what a server sends; raise :class:`Interrupted` when it becomes too slow."""
    since, received = time.monotonic(), 0
    while True:
        try:
            chunk = answer.read1(CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(f"the server fell silent ({_reason(error)})") from error
        if not chunk:
            return
        yield chunk
        received += len(chunk)
        elapsed = time.monotonic() - since
        if elapsed > WINDOW:
            if received < SLOWEST * elapsed:
                raise Interrupted(f"the server sends only {received / elapsed:.0f} bytes a second")
            since, received = time.monotonic(), 0


def _page(url: str) -> DataError:
    return DataError(
        f"{url} sent a web page instead of the file: open it in a browser to see what it says"
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error)) or type(error).__name__


def _in_words(error: OSError, root: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of {root} is full: make room; the same command then goes on"
    return f"{root} cannot be written ({error}): choose another folder with --root"


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
