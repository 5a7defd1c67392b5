// How Streamlit shows the page: the link is the browser's own, and nothing is sent while it is used.

import { NAMES } from "./state.js";
import { create } from "./view.js";

const mounted = new WeakMap();

function link(parameters) {
  const url = new URL(location.href);
  for (const name of NAMES) url.searchParams.delete(name);
  for (const [name, text] of Object.entries(parameters)) url.searchParams.set(name, text);
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

export default function ({ parentElement, data }) {
  const shown = mounted.get(parentElement);
  if (shown?.data === data.data) return;
  shown?.view.destroy();
  const view = create(parentElement, {
    setup: data,
    worker: WORKER,
    query: new URLSearchParams(location.search),
    onLink: link,
    onLeave: () => sessionStorage.setItem("explorer-generation", location.search),
  });
  mounted.set(parentElement, { data: data.data, view });
}
