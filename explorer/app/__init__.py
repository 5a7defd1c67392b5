"""Streamlit pages: view only. ``frame.py`` is the script that draws the frame and runs a page."""

PAGES = {  # path in the URL: title, in the order of the navigation; files are named like the paths
    "barycenters": "Barycenters",
    "latent-space": "Latent space",
    "generation": "Generation",
    "scores": "Scores",
    "train": "Train",
}
