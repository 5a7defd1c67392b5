"""What lies on disk: whole files, downloads, and descriptions of a visitor's data; no torch."""
