"""Files that are whole or as they were."""

import errno
import os

import pytest

from explorer.files.whole import whole, write_whole


def test_a_file_is_as_it_was_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.json"
    write_whole(path, "one")
    with whole(path) as partial:
        partial.write_text("tw")
        assert path.read_text() == "one"
        partial.write_text("two")
    assert path.read_text() == "two" and os.listdir(tmp_path) == ["a.json"]


def fail(path, error):
    with whole(path) as partial:
        partial.write_text("tw")
        raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyError("x")])
def test_what_fails_leaves_nothing_behind_and_a_full_disk_says_what_to_do(error, tmp_path):
    path = tmp_path / "a.json"
    write_whole(path, "one")
    with pytest.raises(type(error)) as raised:
        fail(path, error)
    assert path.read_text() == "one" and os.listdir(tmp_path) == ["a.json"]
    if isinstance(error, OSError):
        assert raised.value.errno == errno.ENOSPC
        assert "a.json (No space left on device); what was there before is untouched. Free" in str(
            raised.value
        )
