// "Copy link": the address bar holds the whole state of a page, so its link is the state.

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Served over plain http to other machines, browsers offer only the old way.
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("the browser refused");
}

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const label = button.querySelector("span");
  button.onclick = async () => {
    try {
      await copy(window.location.href);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Copy it from the address bar";
    }
    setTimeout(() => (label.textContent = "Copy link"), 2500);
  };
}
