"""Streamlit pages: view only. ``frame.py`` is the script that draws the frame and runs one of them."""

PAGES = {  # path in the URL: title, in the order of the navigation; the file is named like the path
    "barycenters": "Barycenters",
    "latent-space": "Latent space",
    "generation": "Generation",
    "scores": "Scores",
}
