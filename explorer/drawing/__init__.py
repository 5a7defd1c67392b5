"""Pictures: tiles of a modality's values, and figures."""
