"""Models that were kept: renamed, downloaded, deleted, measured."""

import io
import os
import shutil
import zipfile
from pathlib import Path

import streamlit as st

from explorer.app.shared.choices import label_of
from explorer.app.shared.measuring import MEASURING
from explorer.app.train.queue import TrainingError, kept
from explorer.app.train.queue.line import TAG
from explorer.catalog.subjects import SUBJECTS
from explorer.checkpoints import PRETRAINED, runs_directory

LOOK_EVERY_SECONDS = 3
state = st.session_state


def rename(dataset: str, name: str, tag: str) -> str:
    """Give a kept model another name after its dash; returns the name.

    Raises
    ------
    TrainingError
        The name cannot be, is taken, or the model is gone.
    """
    if not TAG.fullmatch(tag):
        raise TrainingError("a name must be 1 to 20 small letters, digits or underscores")
    new = f"{name.partition('-')[0]}-{tag}"
    source, target = _folder(dataset, name), runs_directory() / dataset / new
    if target.exists() or (PRETRAINED / dataset / new).exists():
        raise TrainingError(f"{new} is taken on {dataset}; give another name")
    os.rename(source, target)
    return new


def delete(dataset: str, name: str) -> None:
    """Delete a kept model and all that was made for it."""
    shutil.rmtree(_folder(dataset, name))


def archive(dataset: str, name: str) -> bytes:
    """A kept model as a zip file: a folder that ``load_pretrained`` reads."""
    folder, out = _folder(dataset, name), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.iterdir()):
            if path.is_file():
                file.write(path, f"{dataset}/{name}/{path.name}")
    return out.getvalue()


def _folder(dataset: str, name: str) -> Path:
    folder = {(data, model): path for data, model, path in kept()}.get((dataset, name))
    if folder is None:
        raise TrainingError(f"there is no {name} on {dataset} any more")
    return folder


def show_kept() -> None:
    """What is among the user's own checkpoints, and what can be done with it."""
    found = [(data, name) for data, name, _ in kept() if data in SUBJECTS]
    if not found:
        return
    st.header("Kept on this machine")
    st.markdown(
        "These models stand on Generation, Latent space and Scores. A map and scores are made in "
        "the background when a run is kept; a minute or two each."
    )
    busy = any(MEASURING.said(data, name) for data, name in found)
    st.fragment(_rows, run_every=LOOK_EVERY_SECONDS if busy else None)(found)


def _rows(found: list[tuple[str, str]]) -> None:
    for data, name in found:
        row = st.container(horizontal=True, vertical_alignment="center", key=f"kept_{data}_{name}")
        row.markdown(f"**{name}** on {label_of(data)}", width=320)
        _actions(row, data, name)
        for sentence in MEASURING.said(data, name):
            row.caption(sentence)
    if said := state.pop("kept_said", None):
        st.error(f"{said[0].upper()}{said[1:]}.")


def _actions(row, data: str, name: str) -> None:
    model, _, tag = name.partition("-")
    key = f"tag_{data}_{name}"
    with row.popover("Rename"):
        st.text_input(f"{model}-", tag, max_chars=20, key=key)
        st.button(
            "Rename",
            key=f"rename_{data}_{name}",
            on_click=lambda: _do(rename, data, name, state[key]),
        )
    row.download_button(
        "Download",
        lambda: archive(data, name),
        f"{data}-{name}.zip",
        "application/zip",
        on_click="ignore",
        key=f"download_{data}_{name}",
    )
    with row.popover("Delete"):
        st.markdown("Its weights, map and scores are deleted for good.")
        st.button("Delete it", key=f"delete_{data}_{name}", on_click=_do, args=[delete, data, name])
    row.button(
        "Measure again",
        key=f"measure_{data}_{name}",
        on_click=MEASURING.ask,
        args=[data, name],
        help="Makes its map and its scores, in the background.",
    )


def _do(action, *arguments: str) -> None:
    try:
        action(*arguments)
    except (TrainingError, OSError) as error:
        state.kept_said = str(error)
