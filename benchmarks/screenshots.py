"""The README's pictures, taken from the running app: ``python benchmarks/screenshots.py``."""

from app import ROOT, app, browser, quiet, visit  # benchmarks/app.py, beside this file

PICTURES = {
    "barycenters": ("/", 900),
    "latent-space": ("/latent-space?model=moe&other=mwb", 1130),
    "generation": ("/generation", 780),
}
"""File name in docs/ -> address, and how much of the page in pixels."""


def main():
    """Open every address 1280 pixels wide and keep the top of the page."""
    folder = ROOT / "docs"
    folder.mkdir(exist_ok=True)
    with browser() as context, app() as (_, url, _, _):
        for name, (address, height) in PICTURES.items():
            page, _ = visit(context, url + address, "h1")
            page.set_viewport_size({"width": 1280, "height": height})
            quiet(page)
            page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main()
