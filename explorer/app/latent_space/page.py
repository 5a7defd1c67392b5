"""Latent space: where models put what they see, subset by subset."""

import html
from dataclasses import asdict, replace

import streamlit as st

from explorer.app.latent_space import maps as atlas
from explorer.app.latent_space.figures import ask, show_figures
from explorer.app.latent_space.same_axes import show_spread
from explorer.app.latent_space.state import (
    SAME,
    Known,
    View,
    fields,
    from_browser,
    settle,
    to_browser,
)
from explorer.app.latent_space.widget import pack, parcel, scatter
from explorer.app.links import arrive, remember
from explorer.app.shared.choices import (
    choose_dataset,
    model_label,
    say_nothing_is_trained,
    show_cards,
)
from explorer.app.shared.loaded import dataset, outline
from explorer.app.shared.measuring import MEASURING
from explorer.app.shared.missing_data import absence, say_what_is_missing
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.subjects import SUBJECTS, in_markdown, trained
from explorer.evaluation.maps import Embedding
from explorer.subsets import MOST_ENUMERATED, subset_title, subsets

NOTHING = "nothing"
FIGURE = ("mac_wae", "mac_vae")
"""The two models of the MAC-WAE paper's figure of latent codes."""
state = st.session_state

CAUTIONS = """
- **Size and density of a cluster mean nothing in UMAP.** It stretches sparse regions and shrinks
  dense ones. How widely a model spreads its beliefs is in the table below, not in the picture.
- **Distance between clusters means little.** UMAP keeps near neighbors near; gaps between clusters
  are not to scale. Compare with PCA, and check what is close in the table of neighbors.
- **Seeds agree more than they deserve.** Every fit starts from the same spectral layout; the seed
  only decides what follows. How many neighbors two seeds share is given below, where there are two.
- **Clusters prove nothing, noise can cluster too.** Deal the labels at random: the same clusters,
  no meaning. Believe a cluster when the figures of the full latent space show it too.
- **Small knots are single tuples.** Each tuple is on the map {n_subsets} times, and many of a dot's
  nearest neighbors are the same tuple seen in other ways. That shapes the map, not only the {word}.
- **Two maps share nothing but the tuples.** Each model has its own latent space. The right map is
  only turned to resemble the left one; positions cannot be compared, neighborhoods can. On "same
  axes" the unit is common, the prior's; directions are still each model's own.
- **A dot is only the mean of a belief.** How sure the model is cannot be seen. For a mixture of
  experts the dot lies between its experts, where the model may believe nothing at all; where
  latents are not shared, the dot of several modalities is such a middle.
"""


def main() -> None:
    st.title("Where does a model put what it sees?")
    introduction = st.container()
    bar = st.container(horizontal=True, gap="medium", vertical_alignment="bottom")
    with bar:
        name = choose_dataset()
    why = absence(name)
    if why:
        say_what_is_missing(name, why)
        if not any(isinstance(atlas.embedding(name, key), Embedding) for key in trained(name)):
            return
        st.markdown(
            "The maps of its models were made where the files are. The samples themselves "
            "cannot be shown."
        )
    modalities = outline(name).modalities
    n_modalities, n_subsets = len(modalities), len(subsets(modalities))
    ways = (
        f"all {n_subsets} ways: one modality alone, any two, up to all {n_modalities}."
        if n_modalities <= MOST_ENUMERATED
        else f"{n_subsets} of the 2^{n_modalities} - 1 ways: each modality alone, all but each, "
        f"all {n_modalities}, and a few between, drawn by chance."
    )
    introduction.markdown(
        f"{in_markdown(SUBJECTS[name].idea)} Each sample is shown to a model in {ways} Each dot is "
        "the belief that the model forms, a point in its latent space, on a map of two dimensions."
    )
    if not trained(name):
        say_nothing_is_trained(name)
        return
    found = {key: atlas.embedding(name, key) for key in trained(name)}
    maps = {key: each for key, each in found.items() if isinstance(each, Embedding)}
    reasons = {key: each for key, each in found.items() if key not in maps}
    if not maps:
        st.info("There is no map yet. Choose below which one to make; it takes a few minutes.")
        excuse(name, reasons, here=not why)
        return
    known = Known(
        list(maps),
        list(atlas.layouts(maps.values())),
        [modality.name for modality in modalities],
        min(len(each.tuples) for each in maps.values()),
    )
    take_link(name, known)
    with bar:
        view = choose_models(name, known)
    if reasons:
        excuse(name, reasons, here=not why)
    if view.other and len(maps[view.other].tuples) != len(maps[view.model].tuples):
        st.warning("The two maps were made of different tuples; make both again to compare them.")
        view = replace(view, other="")
        take(name, view, known)
    keys = tuple(filter(None, (view.model, view.other)))
    shown = atlas.layouts(maps.values())
    explore(name, pack(atlas.header(name, keys, shown, to_browser(view, known))), known)
    st.header("What you may not conclude")
    st.markdown(CAUTIONS.format(n_subsets=n_subsets, word=SUBJECTS[name].word))
    show_figures({key: maps[key] for key in keys}, SUBJECTS[name].word)
    ask(name, view.model)
    with st.container(gap=None, height="content"):
        for i, part in enumerate(atlas.sheet(name, view.model)):
            parcel(f"{atlas.tiles(name, view.model)['id']} {i}", part)


def take_link(name: str, known: Known) -> None:
    """The view of the link, else what this visit left here; another dataset has its own."""
    arrival = arrive("latent_space", fields(known), about=name)
    for notice in arrival.notices:
        st.warning(notice)
    take(name, settle(View(**arrival.values), known), known, anew=arrival.new)


def take(name: str, view: View, known: Known, *, anew: bool = False) -> None:
    """Look at this view; ``anew`` where it is another than the one in the browser."""
    state.latent_view = view
    remember("latent_space", fields(known), asdict(view), about=name)
    if anew or "latent_mounted" not in state:
        state.latent_mounted = state.get("latent_mounted", 0) + 1


def choose_models(name: str, known: Known) -> View:
    def change() -> None:
        chosen = {"model": state.latent_model, "other": state.latent_other}
        take(name, settle(replace(state.latent_view, **chosen), known), known)

    view = state.latent_view
    state.latent_model, state.latent_other = view.model, view.other
    st.selectbox(
        "Model",
        known.models,
        format_func=model_label,
        key="latent_model",
        on_change=change,
        width=300,
    )
    st.selectbox(
        "Beside it",
        ["", *(key for key in known.models if key != view.model)],
        format_func=lambda key: model_label(key) if key else NOTHING,
        key="latent_other",
        on_change=change,
        width=300,
    )
    show_cards(list(filter(None, (view.model, view.other))))
    if set(FIGURE) <= set(known.models):
        st.button(
            "MAC-WAE and MAC-VAE on the same axes",
            on_click=lambda: take(name, View(*FIGURE, SAME), known, anew=True),
            help="Does the penalty of the MAC-WAE spread codes that the KL term gathers?",
        )
    return view


def excuse(name: str, reasons: dict[str, str], *, here: bool) -> None:
    """Why models have no map; where the data are ``here``, a button makes one."""
    count = "One model has" if len(reasons) == 1 else f"{len(reasons)} models have"
    with st.expander(f"{count} no map: why, and what to do", icon=":material/info:"):
        for key, reason in reasons.items():
            st.markdown(f"**{MODEL_LABELS[key]}** (`{key}`)")
            st.text(reason)
            said = MEASURING.said(name, key)
            for sentence in said:
                st.caption(in_markdown(sentence))
            if here and not any("is " in sentence for sentence in said):
                st.button(
                    "Make its map here, in the background",
                    key=f"latent_make_{name}_{key}",
                    on_click=MEASURING.ask,
                    args=[name, key, "embed"],
                )


@st.fragment
def explore(name: str, data: bytes, known: Known) -> None:
    """The maps, what comes out of the picked point, and figures for two on the same axes."""
    said = scatter(data, key=f"latent_maps_{state.latent_mounted}")
    take(name, from_browser(said, state.latent_view, known), known)
    view = state.latent_view
    keys = list(filter(None, (view.model, view.other)))
    deliver(name, keys, view.layout)
    if view.item >= 0 and not absence(name):
        show_outcome(name, view)
    if view.layout == SAME:
        maps = {key: atlas.embedding(name, key) for key in keys}
        show_spread(name, maps, SUBJECTS[name].word)


def deliver(name: str, keys: list[str], layout: str) -> None:
    """The layers that are shown or were: a browser that has one is not sent it again."""
    wanted = {(name, key, atlas.layer(name, key, layout)) for key in keys}
    had = {each for each in state.get("latent_layers", ()) if each[0] == name and each[1] in keys}
    state.latent_layers = had | wanted
    with st.container(gap=None, height="content"):
        for _, key, layer in sorted(state.latent_layers):
            points = atlas.embedding(name, key).layouts[layer]
            parcel(f"{atlas.panel_id(name, key)} {layer}", points.tobytes())


def show_outcome(name: str, view: View) -> None:
    """A table of pictures: what went in, and what each model makes of it."""
    given = tuple(view.given.split("+"))
    item = int(atlas.embedding(name, view.model).tuples[view.item])
    data, word = dataset(name), SUBJECTS[name].word
    label = data.classes[data.test.labels[item]]
    seen = subset_title(view.given, [modality.name for modality in data.modalities]).replace(
        "+", " and "
    )
    st.subheader(f"{word.capitalize()} {label}, {seen} seen")
    went_in = atlas.went_in(name, item)
    show_table([row("what went in", went_in, given)])
    keys = list(filter(None, (view.model, view.other)))
    for column, key in zip(st.columns(len(keys)), keys, strict=True):
        made = atlas.outcome(name, key, item, given)
        with column:
            st.markdown(f"**What {MODEL_LABELS[key]} makes of it**")
            if isinstance(made, str):
                st.warning(made)
            else:
                show_table([row(kind, cells) for kind, cells in made.items()])
                show_told(went_in, made, given)


def show_table(rows: list[tuple[str, str]]) -> None:
    """Rows of tiles under the names of their modalities."""
    heads = rows[0][0]
    if not heads:
        return
    st.html(
        f"<style>{TABLE}</style><div class='outcome'><table>"
        f"<thead><tr><td></td>{heads}</tr></thead>"
        f"<tbody>{''.join(body for _, body in rows)}</tbody></table></div>"
    )


def show_told(went_in: list[dict], made: dict[str, list[dict]], given: tuple[str, ...]) -> None:
    """A line for each modality that is told in words: whether it holds, and what is made of it."""
    lines = []
    for i, cell in enumerate(went_in):
        if "share" in cell:
            holds = cell["share"] > 0.5
            shares = [cells[i]["share"] for cells in made.values()]
            wrong = ["" if (share > 0.5) == holds else ' class="wrong"' for share in shares]
            values = "".join(
                f"<td{how}>{share:.0%}</td>" for share, how in zip(shares, wrong, strict=True)
            )
            lines.append(
                f'<tr><th scope="row">{"✓" if holds else "✗"} {html.escape(cell["name"])}'
                f"{'' if cell['name'] in given else ', hidden'}</th>{values}</tr>"
            )
    if lines:
        heads = "".join(f'<th scope="col">{html.escape(kind)}</th>' for kind in made)
        st.html(
            f"<style>{TABLE}</style><div class='outcome told' tabindex='0'><table>"
            f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        )


TABLE = """
.outcome.told { max-height: 26rem; overflow: auto; font-size: 0.8125rem }
.outcome.told td, .outcome.told th { padding: 0 0.5rem; font-variant-numeric: tabular-nums }
.outcome.told .wrong { text-decoration: underline dashed }
.outcome { overflow-x: auto }
.outcome table { border-collapse: collapse; border: 0 }
.outcome td, .outcome th {
  border: 0; padding: 0.25rem 0.5rem; text-align: center; font-weight: 400;
}
.outcome tbody th { text-align: left; min-width: 7rem; padding-left: 0 }
.outcome img { border-radius: 5px; display: block; margin: 0 auto 0.2rem }
.outcome .image img { width: 56px; height: 56px; image-rendering: pixelated }
.outcome .text img { width: 112px }
.outcome .vector img { width: 84px }
.outcome .spikes img { height: 96px; max-width: none; image-rendering: pixelated }
.outcome .audio img { width: 72px; height: 72px; image-rendering: pixelated }
.outcome .trajectory img { width: 64px }
.outcome .attributes img { width: 96px }
.outcome .label img { width: 64px }
.outcome audio { display: block; width: 8.5rem; height: 2rem; margin: 0 auto }
.outcome .hidden img { opacity: 0.35 }
.outcome .seen img { outline: 3px solid currentColor }
.outcome small { font-size: 0.8125rem }
@media (max-width: 44rem) {
  .outcome .image img, .outcome .audio img { width: 44px; height: 44px }
  .outcome .trajectory img, .outcome .label img { width: 48px }
  .outcome td, .outcome th { padding: 0.2rem 0.15rem }
  .outcome tbody th { min-width: 4.5rem }
}
"""


def row(title: str, cells: list[dict], given: tuple[str, ...] | None = None) -> tuple[str, str]:
    """Heads and one line of the table; with ``given``, what was hidden is pale."""
    out, heads = [], []
    for cell in cells:
        if "share" in cell:
            continue
        seen = given is None or cell["name"] in given
        kind = "" if given is None else "seen" if seen else "hidden"
        reads = "" if cell["reads"] is None else f"reads {html.escape(cell['reads'])}"
        note = f"{'seen, ' if seen else 'hidden, '}{reads}".rstrip(", ") if given else reads
        alt = html.escape(f"{title}, {cell['name']}, {cell['words']}, {note}")
        player = f'<audio controls aria-label="{alt}" src="{cell["sound"]}"></audio>'
        heads.append(f'<th scope="col">{html.escape(cell["name"])}</th>')
        out.append(
            f'<td class="{cell["kind"]} {kind}"><img src="{cell["png"]}" alt="{alt}">'
            f"{player if cell['sound'] else ''}<small>{note}</small></td>"
        )
    body = f'<tr><th scope="row">{html.escape(title)}</th>{"".join(out)}</tr>'
    return "".join(heads), body


main()
