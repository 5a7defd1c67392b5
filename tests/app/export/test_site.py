"""The static edition is made of the app's own modules, and stays out of folders of others."""

import json
import shutil
import subprocess

import pytest

from explorer.app.export.site import classic, export, script_of, theme


def test_a_module_becomes_a_script_that_leaves_what_it_exports(tmp_path):
    if shutil.which("node") is None:
        pytest.skip("no node")
    code = "export const one = 1;\nexport function two() { return 2; }\n"
    code += "export default function ({ data }) { return data + one + two(); }\n"
    code += "export { one };\n"
    (tmp_path / "run.js").write_text(
        classic("thing", code)
        + script_of("thing", {"text": "</script>\u2028"})
        + "console.log(JSON.stringify([explorer.thing.mount({ data: 4 }), explorer.thing.one, "
        "explorer.data.thing.text]))"
    )
    done = subprocess.run(
        ["node", str(tmp_path / "run.js")], capture_output=True, text=True, timeout=60
    )
    assert json.loads(done.stdout) == [7, 1, "</script>\u2028"], done.stderr


def test_a_text_cannot_end_the_script_that_holds_it():
    assert "</" not in script_of("x", "</script><script>alert(1)</script>")


def test_a_module_of_another_form_is_told_apart():
    with pytest.raises(ValueError, match="another form"):
        classic("thing", 'import x from "y"\n')


def test_both_themes_are_those_of_the_app():
    css = theme()
    for color in ("#fdfcfa", "#14161c"):
        assert f"--st-background-color: {color}" in css


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        export(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]
