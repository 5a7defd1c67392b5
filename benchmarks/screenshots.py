"""The README's pictures, taken from the running app: ``python benchmarks/screenshots.py``."""

from app import ROOT, app, browser, prewarmed, quiet, visit  # benchmarks/app.py, beside this file

PICTURES = {
    "barycenters": "/",
    "latent-space": "/latent-space",
    "generation": "/generation",
}
"""File name in docs/ -> address."""


def main():
    """Open every address at 1280 x 900 and keep what is on the screen."""
    folder = ROOT / "docs"
    folder.mkdir(exist_ok=True)
    with browser() as context, app() as (_, url, _, _):
        prewarmed(url)
        for name, address in PICTURES.items():
            page, _ = visit(context, url + address, "h1")
            quiet(page)
            page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main()
