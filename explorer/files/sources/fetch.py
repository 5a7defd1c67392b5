"""Getting files from who serves them: resumed, retried, checked, and whole or not there at all.

What is on its way lies in ``.fetching/`` of the data directory, where no loader looks, and moves
to its place when it is whole. pooch compares hashes; how the bytes come is here, for pooch neither
goes on where it was stopped nor notices a server that sends a web page or next to nothing.
"""

import errno
import http.client
import logging
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from explorer.files.sources.directory import DataError, data_directory
from explorer.files.sources.state import FETCHING, damage, inspect, partial, remedy, source
from explorer.files.sources.table import File, Way
from explorer.files.sources.unpacking import NoRoom, check_room, in_words
from explorer.files.whole import alone

PAUSES = (1.0, 3.0, 9.0)
"""Seconds before each further attempt that brings next to nothing."""
SILENCE = 30.0
"""Seconds without a byte after which a server counts as gone."""
WINDOW, SLOWEST = 60.0, 1000
"""Seconds over which a server must send this many bytes a second."""
CHUNK = 2**18
AGENT = "barycenter-explorer"
PAGE_STARTS = (b"<!doctype html", b"<html")
RANGE_NOT_THERE = 416
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
        Get files anew that are here and seem whole.
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
    """The lock, after telling where somebody else has it."""
    try:
        with alone(lock, held=Interrupted()):
            pass
    except Interrupted:
        on_wait()
    return alone(lock)


def _fetch(file: File, root: Path, progress: Progress) -> None:
    """Get one file and put it in its place."""
    target, begun = root / file.path, partial(file, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    served = begun.with_name(f"whole-{file.path.replace('/', '-')}")
    if file.hash is None:
        begun.unlink(missing_ok=True)  # nothing would tell that two versions were joined
    _download(file, begun, served, progress)
    if file.make is None:
        wrong = damage(file, served)
        if wrong:
            served.unlink()
            raise DataError(f"what {file.url} sent is damaged: {wrong}; try again later")
        os.replace(served, target)
        return
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


def _download(file: File, begun: Path, served: Path, progress: Progress) -> None:
    """Get what is served for ``file`` and compare its hash, once more where it was resumed."""
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    download = Download(begun, file.size, lambda done, total: progress(file.path, done, total))
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
    """How pooch gets a file: into ``begun``, on from what is there, in as many goes as it takes.

    Parameters
    ----------
    begun
        Where bytes are put; kept where they are not all.
    size
        Bytes in all, where that is known.
    tell
        Called with bytes that are here and bytes in all.
    """

    def __init__(self, begun: Path, size: int | None, tell: Callable[[int, int | None], None]):
        self.begun, self.size, self.tell = begun, size, tell
        self.resumed = False

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Get ``url``, and move it to ``output_file``.

        Raises
        ------
        DataError
            Every attempt failed, or what comes is not the file.
        """
        self.resumed = False
        pauses = list(PAUSES)
        while True:
            before = self._here()
            try:
                self._go_on(url, before)
                break
            except Interrupted as error:
                if self._here() - before >= CHUNK:
                    pauses = list(PAUSES)
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
        """One attempt."""
        if done and done == self.size:
            return
        wanted = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        if done:
            wanted["Range"] = f"bytes={done}-"
        try:
            answer = urllib.request.urlopen(
                urllib.request.Request(url, headers=wanted), timeout=SILENCE
            )
        except urllib.error.HTTPError as error:
            self._refused(url, error, done)
            return
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(f"the server cannot be reached ({_reason(error)})") from error
        with answer:
            self._receive(url, answer, done)

    def _refused(self, url: str, error: urllib.error.HTTPError, done: int) -> None:
        """Take an answer that is none: all is here already, try again, or give up."""
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
                self.tell(done, total)
            out.flush()
            os.fsync(out.fileno())
        if total is not None and done != total:
            raise Interrupted(f"it sent {done} of {total} bytes")


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """What a server sends, as it comes, while it comes fast enough."""
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
