"""Generation: what models draw of what they have not seen, in one view computed by the browser."""

import threading

import streamlit as st

from explorer.app.generation.explanations import explanations
from explorer.app.generation.presets import DATASET
from explorer.app.generation.rates import show_rates
from explorer.app.generation.served import warm
from explorer.app.generation.told import setup
from explorer.app.generation.widget import generation
from explorer.app.shared.choices import choose_dataset, say_nothing_is_trained, show_cards
from explorer.app.shared.missing_data import absence, say_what_is_missing
from explorer.catalog.subjects import SUBJECTS, in_markdown, trained

STYLE = """
<style>
[data-testid=stMainBlockContainer] { padding-top: 3.75rem !important; padding-bottom: 1rem }
[data-testid=stMainBlockContainer] h1 { font-size: 1.5rem; padding: 0 }
[data-testid=stSelectbox] { display: flex; align-items: center; gap: 0.6rem }
[data-testid=stSelectbox] > :last-child { flex: 1 }
[data-testid=stVerticalBlock]:has(> [data-testid=stElementContainer] h1) { gap: 0.5rem }
</style>
"""

st.html(STYLE)
left, right = st.columns([3, 1], vertical_alignment="center")
left.title("Who wins when inputs disagree?")
with right:
    name = choose_dataset()
why = absence(name)
if not trained(name):
    if why:
        say_what_is_missing(name, why)
    say_nothing_is_trained(name)
else:
    threading.Thread(target=warm, args=(name,), daemon=True).start()
    generation(key=f"generation_{name}", data=setup(name))
    if why:
        with st.expander(f"The files of {in_markdown(SUBJECTS[name].label)} are not here"):
            say_what_is_missing(name, why)
    if name == DATASET:
        with st.expander("And in two hundred conflicts?"):
            show_rates()
    for title, text in explanations(SUBJECTS[name].word).items():
        with st.expander(title):
            st.markdown(text)
    show_cards(trained(name))
