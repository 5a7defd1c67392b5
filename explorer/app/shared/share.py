"""The "Copy link" button of the frame."""

import streamlit as st

from explorer.app.javascript import read

HTML = """
<button type="button" title="Copy the link that opens this page in exactly this state">
  <svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" fill="none"
       stroke="currentColor" stroke-width="2" stroke-linecap="round">
    <path d="M10 14a4 4 0 0 0 6 0l3.5-3.5a4.2 4.2 0 0 0-6-6L12 6"/>
    <path d="M14 10a4 4 0 0 0-6 0l-3.5 3.5a4.2 4.2 0 0 0 6 6L12 18"/>
  </svg>
  <span aria-live="polite">Copy link</span>
</button>
"""

CSS = """
:host { display: block }
button {
  display: inline-flex; align-items: center; gap: 0.4rem;
  min-height: 2rem; padding: 0 0.75rem; white-space: nowrap; cursor: pointer;
  font: 500 0.875rem var(--st-font); color: var(--st-text-color);
  background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
}
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color) }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
"""

copy_link = st.components.v2.component(
    "share",
    html=HTML,
    css=CSS,
    js=read("shared/share.js"),
)
