"""Archives from elsewhere: damaged, hostile or endless ones leave nothing behind."""

import gzip
import io
import tarfile
import zipfile
from collections import namedtuple

import pytest

from explorer.files.sources import DataError, state
from explorer.files.sources.conversions import birds
from explorer.files.sources.fetch import fetch
from explorer.files.sources.state import FETCHING
from explorer.files.sources.unpacking import members, unpack
from tests.files import test_download
from tests.files.test_download import CONTENT, nothing_but

made, quick, server = test_download.made, test_download.quick, test_download.server


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(*infos):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for info, content in infos:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def info(name, kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def locked(archive):
    """The same zip, marked as needing a password."""
    content = bytearray(archive)
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def long_names():
    """A few kilobytes whose headers say that 3 GB of names follow."""
    header = info("x", tarfile.XHDTYPE)
    header.size = 3 * 2**30
    return gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(2**20))


def astray():
    """A zip whose directory says that its file lies before the start."""
    content = bytearray(zipped(**{"CUB_200_2011/a": "x"}))
    place = content.rindex(b"PK\x05\x06")
    content[place + 16 : place + 20] = (2**31).to_bytes(4, "little")
    return bytes(content)


GOOD = tarred(
    (info("top", tarfile.DIRTYPE), b""),
    (info("top/CUB_200_2011/images/1.jpg"), CONTENT),
    (info("top/CUB_200_2011/images.txt"), b"1 1.jpg\n"),
    (info("attributes.txt"), b"not asked for"),
)


def test_an_archive_is_unpacked_below_its_folder_and_then_deleted(made, tmp_path):
    made(GOOD, path="made/birds", make=birds)
    assert fetch("made", root=tmp_path) == [tmp_path / "made/birds"]
    assert nothing_but(tmp_path, "made/birds/images/1.jpg", "made/birds/images.txt")
    assert (tmp_path / "made/birds/images/1.jpg").read_bytes() == CONTENT
    assert [f.name for f in (tmp_path / FETCHING).iterdir()] == ["lock"]


BAD_ARCHIVES = {
    "climbs out": (zipped(**{"CUB_200_2011/../../evil.txt": "x"}), r"'\S+evil.txt', which climbs"),
    "is absolute": (zipped(**{"/tmp/evil.txt": "x"}), "climbs out"),
    "climbs on Windows": (zipped(**{"CUB_200_2011\\..\\..\\evil": "x"}), "climbs out"),
    "names a drive": (zipped(**{"C:/CUB_200_2011/evil": "x"}), "climbs out"),
    "climbs in a tar": (tarred((info("../CUB_200_2011/evil"), b"x")), "climbs out"),
    "symbolic link": (
        tarred((info("CUB_200_2011/a", tarfile.SYMTYPE, "/etc"), b"")),
        "holds the link or device CUB_200_2011/a",
    ),
    "hard link": (tarred((info("CUB_200_2011/a", tarfile.LNKTYPE, "b"), b"")), "link or device"),
    "device": (tarred((info("CUB_200_2011/a", tarfile.CHRTYPE), b"")), "link or device"),
    "bomb": (zipped(**{"CUB_200_2011/zeros": bytes(10**7)}), "honestly holds; it is not used"),
    "cut short": (GOOD[: len(GOOD) // 2], "is damaged"),
    "needs a password": (locked(zipped(**{"CUB_200_2011/a": "x"})), "is damaged .*password"),
    "no archive": (CONTENT, "is damaged"),
    "a tar with long names": (long_names(), "names and headers of more than"),
    "a zip that points nowhere": (astray(), "is damaged"),
    "a broken xz": (b"\xfd7zXZ\x00" + bytes(50), "is damaged"),
    "other folder": (zipped(**{"CUB/a": "x"}), "must hold a folder CUB_200_2011, and has none"),
}


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_an_archive_that_is_damaged_or_hostile_leaves_nothing(made, tmp_path, kind):
    content, complaint = BAD_ARCHIVES[kind]
    root = tmp_path / "data"
    made(content, path="made/birds", make=birds)
    with pytest.raises(DataError, match=complaint):
        fetch("made", root=root)
    assert nothing_but(root)
    assert [str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()] == [
        f"data/{FETCHING}/lock"
    ]


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("CUB_200_2011/a")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="holds the link CUB_200_2011/a"):
        list(members(tmp_path / "a.zip"))


def test_unpacking_needs_room_and_does_not_throw_the_archive_away(made, tmp_path, monkeypatch):
    made(GOOD, path="made/birds", make=birds)
    usage = namedtuple("usage", "total used free")(10**9, 10**9, len(GOOD) + 10)
    with monkeypatch.context() as patch:
        small = usage._replace(free=1000)
        calls = iter([usage, usage])
        patch.setattr("shutil.disk_usage", lambda _: next(calls, small))
        with pytest.raises(DataError, match="needs 300 kB of disk and has 1 kB free"):
            fetch("made", root=tmp_path)
    assert nothing_but(tmp_path)
    assert [f.name for f in (tmp_path / FETCHING).glob("whole-*")] == ["whole-made-birds"]
    assert fetch("made", root=tmp_path)[0].is_dir()


def test_what_was_half_unpacked_when_it_was_killed_is_done_anew(made, tmp_path):
    made(GOOD, path="made/birds", make=birds)
    half = tmp_path / FETCHING / "making-made-birds"
    half.mkdir(parents=True)
    (half / "half.jpg").write_bytes(b"half")
    assert state("made", tmp_path) == "1 missing of 1 file"
    fetch("made", root=tmp_path)
    assert nothing_but(tmp_path, "made/birds/images/1.jpg", "made/birds/images.txt")


def test_only_what_lies_below_the_folder_is_written(tmp_path):
    (tmp_path / "a.tgz").write_bytes(GOOD)
    unpack(tmp_path / "a.tgz", tmp_path / "out", "CUB_200_2011")
    assert nothing_but(tmp_path, "a.tgz", "out/images/1.jpg", "out/images.txt")
