"""Fetching from servers that misbehave: a clear error or a clean recovery, nothing half-written."""

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from explorer.files.sources import DataError, File, Source, Way, state
from explorer.files.sources import fetch as fetching
from explorer.files.sources.fetch import PINS, fetch, pinned_hash
from explorer.files.sources.state import FETCHING, glance, partial
from explorer.files.sources.table import SOURCES
from tests.files.file_server import (
    busy,
    dribbling,
    no_ranges,
    page,
    page_in_disguise,
    serving,
    silent,
    slowly,
    truncated,
)

CONTENT = np.random.default_rng(0).bytes(300_000)
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(fetching, "SILENCE", 0.4)


@pytest.fixture
def made(monkeypatch, server):
    """Serve ``content`` as the only file of the dataset "made", in the given moods."""

    def source(content, *moods, path="made/file.bin", **about):
        url = server.add(path, content, *moods)
        server.asked.clear()
        file = File(path, url, **about)
        way = Way("only", (file,))
        monkeypatch.setitem(SOURCES, "made", Source((way,), "free", "https://example.org"))
        return file

    return source


def nothing_but(root, *files):
    """Whether ``files`` are all there is in a data directory, but hashes and what is on its way."""
    there = {str(f.relative_to(root)) for f in root.rglob("*") if f.is_file()}
    return {f for f in there - {PINS} if not f.startswith(FETCHING)} == set(files)


def test_a_file_is_fetched_whole_and_not_again(made, server, tmp_path):
    made(CONTENT, size=len(CONTENT), hash=MD5)
    told = []
    assert state("made", tmp_path) == "1 missing of 1 file"
    paths = fetch("made", root=tmp_path, progress=lambda *each: told.append(each))
    assert paths == [tmp_path / "made/file.bin"]
    assert paths[0].read_bytes() == CONTENT
    assert told[-1] == ("made/file.bin", len(CONTENT), len(CONTENT))
    assert state("made", tmp_path) == "whole"
    fetch("made", root=tmp_path)
    assert len(server.asked) == 1
    assert nothing_but(tmp_path, "made/file.bin")


def test_what_seems_whole_is_fetched_again_where_that_is_asked_for(made, server, tmp_path):
    made(CONTENT)
    (tmp_path / "made").mkdir()
    (tmp_path / "made/file.bin").write_bytes(b"something else")
    assert fetch("made", root=tmp_path)[0].read_bytes() == b"something else"
    assert server.asked == []
    assert fetch("made", root=tmp_path, again=True)[0].read_bytes() == CONTENT


def test_a_truncated_download_goes_on_where_it_was(made, server, tmp_path):
    made(CONTENT, truncated, truncated, hash=MD5)
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    ranges = [asked for _, asked in server.asked]
    assert ranges[0] is None
    assert ranges[1:] == ["bytes=100000-", "bytes=166666-"]


def test_a_server_without_ranges_sends_it_anew(made, server, tmp_path):
    made(CONTENT, truncated, no_ranges, hash=MD5)
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_server_that_always_hangs_up_is_given_up_and_its_bytes_kept(made, server, tmp_path):
    file = made(CONTENT, *[truncated] * 5, size=len(CONTENT), hash=MD5)
    with pytest.raises(DataError, match=r"sent 211110 of 300000 bytes.* kept; the same command"):
        fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)
    assert glance(file, tmp_path).state == "missing"
    assert "211 kB are here" in glance(file, tmp_path).note
    server.moods["made/file.bin"].clear()
    server.asked.clear()
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    assert server.asked[0][1].startswith("bytes=211")


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(made, server, tmp_path):
    made(CONTENT, busy, busy, hash=MD5)
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    del server.served["made/file.bin"]
    server.asked.clear()
    with pytest.raises(DataError, match="answered 404 Not Found: the file may have moved"):
        fetch("made", root=tmp_path / "other")
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_named(monkeypatch, tmp_path):
    file = File("made/file.bin", "http://127.0.0.1:9/file.bin")
    source = Source((Way("only", (file,)),), "free", "https://example.org")
    monkeypatch.setitem(SOURCES, "made", source)
    with pytest.raises(DataError, match=r"127.0.0.1:9/file.bin: the server cannot be reached"):
        fetch("made", root=tmp_path)


@pytest.mark.parametrize("mood", [page, page_in_disguise])
@pytest.mark.parametrize("about", [{}, {"hash": MD5}, {"size": len(CONTENT)}])
def test_a_web_page_is_not_taken_for_the_file(made, server, tmp_path, mood, about):
    if "size" in about and mood is page_in_disguise:
        about = {}  # refused for its size already
    made(CONTENT, mood, **about)
    with pytest.raises(DataError, match="sent a web page instead of the file"):
        fetch("made", root=tmp_path)
    assert len(server.asked) == 1
    assert nothing_but(tmp_path)
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT


def test_a_corrupt_download_is_not_kept(made, server, tmp_path):
    corrupt = CONTENT[:500] + b"?" + CONTENT[501:]
    made(corrupt, size=len(CONTENT), hash=MD5)
    with pytest.raises(DataError, match=f"not the published file \\({MD5}\\); nothing of it is"):
        fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)
    assert not list((tmp_path / FETCHING).glob("*made*"))
    server.served["made/file.bin"] = CONTENT
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT


def test_a_file_that_changed_between_two_goes_is_fetched_anew(made, server, tmp_path):
    file = made(CONTENT, hash=MD5)
    begun = partial(file, tmp_path)
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"of another version" * 100)
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["bytes=1800-", None]


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) + 7])
def test_what_was_all_here_before_a_crash_is_used_or_dropped(made, tmp_path, length):
    file = made(CONTENT, hash=MD5)
    begun = partial(file, tmp_path)
    begun.parent.mkdir(parents=True)
    begun.write_bytes((CONTENT + b"surplus")[:length])
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT


def test_without_a_hash_two_versions_are_never_joined(made, server, tmp_path):
    file = made(CONTENT)
    begun = partial(file, tmp_path)
    begun.parent.mkdir(parents=True)
    begun.write_bytes(CONTENT[:1000])
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None]


def test_another_size_than_published_is_refused_before_it_is_fetched(made, tmp_path):
    made(CONTENT, size=len(CONTENT) + 1)
    with pytest.raises(DataError, match="is 300000 bytes, expected 300001: it is not"):
        fetch("made", root=tmp_path)


def test_a_damaged_picture_without_a_known_hash_is_refused(made, tmp_path):
    made(CONTENT, path="made/picture.jpg")
    with pytest.raises(DataError, match=r"picture.jpg sent is damaged: it cannot be read"):
        fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)


def test_a_silent_server_times_out_and_is_asked_again(made, tmp_path):
    made(CONTENT, silent, hash=MD5)
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT


def test_a_server_that_dribbles_is_given_up(made, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "WINDOW", 0.1)
    monkeypatch.setattr(fetching, "PAUSES", ())
    made(CONTENT, dribbling, hash=MD5)
    with pytest.raises(DataError, match=r"the server sends only \d+ bytes a second"):
        fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)


CHILD = """
import sys
from pathlib import Path
from explorer.files.sources import File, Source, Way
from explorer.files.sources.fetch import PINS, fetch, pinned_hash
from explorer.files.sources.table import SOURCES
url, md5, root = sys.argv[1:]
way = Way("only", (File("made/file.bin", url, hash=md5),))
SOURCES["made"] = Source((way,), "free", "https://example.org")
fetch("made", root=Path(root), on_wait=lambda: print("waiting", flush=True))
"""


def child(url, root):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, MD5, str(root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_killed_half_way_it_goes_on_where_it_was(made, server, tmp_path):
    file = made(CONTENT, slowly(20), size=len(CONTENT), hash=MD5)
    begun = partial(file, tmp_path)
    process = child(file.url, tmp_path)
    try:
        wait_for(lambda: begun.is_file() and begun.stat().st_size > 0)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    there = begun.stat().st_size
    assert 0 < there < len(CONTENT)
    assert nothing_but(tmp_path)
    server.asked.clear()
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    assert server.asked == [("made/file.bin", f"bytes={there}-")]


def test_two_processes_at_once_do_one_download(made, server, tmp_path):
    url = made(CONTENT, slowly(1.5)).url
    first = child(url, tmp_path)
    wait_for(lambda: server.asked)
    second = child(url, tmp_path)
    said = [process.communicate(timeout=30)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0]
    assert said == ["", "waiting\n"]
    assert len(server.asked) == 1
    assert (tmp_path / "made/file.bin").read_bytes() == CONTENT


def wait_for(happened, seconds=20):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def cut_after(size):
    """Promise all, send so many bytes of what is asked for, hang up."""

    def mood(handler, content):
        handler.send_response(200 if handler.headers.get("Range") is None else 206)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:size])
        handler.close_connection = True

    return mood


def refusing(handler, _content):
    """Say that there is nothing behind what is here."""
    handler.send_response(416)
    handler.send_header("Content-Range", "bytes */7")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def wrong_range(handler, content):
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes 5-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - 5))
    handler.end_headers()
    handler.close_connection = True


@pytest.mark.parametrize("second", [refusing, wrong_range])
@pytest.mark.parametrize("cut", [10_000, fetching.CHUNK + 5_000])
def test_a_server_that_cuts_and_then_answers_wrongly_is_given_up(
    second, cut, made, server, tmp_path
):
    made(CONTENT, *[cut_after(cut), second] * 100, hash=MD5)
    with pytest.raises(DataError, match="the same command goes on from there"):
        fetch("made", root=tmp_path)
    assert len(server.asked) < 12


def elsewhere(handler, _content):
    """Send on to the same server by another name."""
    handler.send_response(302)
    port = handler.server.server_address[1]
    handler.send_header("Location", f"http://localhost:{port}{handler.path}")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_without_a_hash_no_other_host_is_taken_but_one_that_is_known(made, server, tmp_path):
    made(CONTENT, elsewhere)
    with pytest.raises(DataError, match="sends on to another host, localhost, and no hash"):
        fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)
    made(CONTENT, elsewhere, hosts=("localhost",))
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    made(CONTENT, elsewhere, hash=MD5)
    fetch("made", root=tmp_path, again=True)


def test_what_came_without_a_hash_is_what_must_come_again(made, server, tmp_path):
    file = made(CONTENT)
    fetch("made", root=tmp_path)
    assert pinned_hash(file, tmp_path) == f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    fetch("made", root=tmp_path, again=True)
    made(CONTENT[::-1])
    with pytest.raises(DataError, match="has changed since it was first fetched here.*remove its"):
        fetch("made", root=tmp_path, again=True)
    assert (tmp_path / "made/file.bin").read_bytes() == CONTENT
    (tmp_path / PINS).unlink()
    fetch("made", root=tmp_path, again=True)


def test_what_a_killed_process_left_is_removed(made, tmp_path):
    folder = tmp_path / FETCHING
    (folder / "making-other").mkdir(parents=True)
    (folder / "making-other" / "half").write_bytes(b"half")
    for name, age in (("old-file.partial", 100), ("new-file.partial", 1)):
        (folder / name).write_bytes(b"begun")
        os.utime(folder / name, (time.time() - age * 24 * 3600,) * 2)
    made(CONTENT, hash=MD5)
    fetch("made", root=tmp_path)
    assert sorted(f.name for f in folder.iterdir()) == ["lock", "new-file.partial"]


def failing(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_data_directory_that_cannot_be_written_says_what_to_do(made, tmp_path, monkeypatch):
    made(CONTENT, hash=MD5)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written .*choose another folder with --root"):
        fetch("made", root=tmp_path / "file")
    monkeypatch.setattr(Path, "mkdir", failing(errno.EROFS))
    with pytest.raises(DataError, match="Read-only file system.*another folder with --root"):
        fetch("made", root=tmp_path / "read-only")


class Full(io.FileIO):
    """A file on a disk that has room for 100,000 bytes."""

    def write(self, data):
        if self.tell() + len(data) > 100_000:
            failing(errno.ENOSPC)()
        return super().write(data)


def test_a_full_disk_says_so_and_the_same_command_goes_on(made, server, tmp_path, monkeypatch):
    file = made(CONTENT, slowly(0.2), hash=MD5)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode: (Full if "b" in mode else open)(path, mode))
        with pytest.raises(DataError, match="is full: make room; the same command then goes on"):
            fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)
    assert 0 < partial(file, tmp_path).stat().st_size <= 100_000
    assert fetch("made", root=tmp_path)[0].read_bytes() == CONTENT
    assert server.asked[1][1].startswith("bytes=")


def test_too_little_free_disk_is_said_before_anything_is_fetched(
    made, server, tmp_path, monkeypatch
):
    usage = namedtuple("usage", "total used free")(10**9, 10**9, 1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    made(CONTENT, size=len(CONTENT), hash=MD5)
    with pytest.raises(DataError, match=r"needs 300 kB of disk and has 1 kB free; make room"):
        fetch("made", root=tmp_path)
    assert server.asked == []
    made(CONTENT)  # of unknown size: the server says it
    with pytest.raises(DataError, match="needs 300 kB of disk and has 1 kB free"):
        fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)


def test_nonsense_names_the_datasets_and_ways(made, tmp_path):
    with pytest.raises(ValueError, match="dataset must be one of polymnist, .*got 'nonsense'"):
        fetch("nonsense", root=tmp_path)
    made(CONTENT)
    with pytest.raises(ValueError, match="way of 'made' must be one of only; got 'other'"):
        fetch("made", root=tmp_path, way="other")
    assert list(tmp_path.iterdir()) == []


def test_what_a_person_must_get_is_told_and_not_tried(tmp_path):
    with pytest.raises(DataError, match=r"cannot be fetched .*Dryad.*rats/barat_trial_info.npy"):
        fetch("rats", root=tmp_path)
    assert list(tmp_path.iterdir()) == []
