"""A comparison of seconds: its settings, and the command that asks for the same."""

from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.results.comparison import Settings

TINY = Settings("digits_photo_text", 4, latent_dim=4, batch_size=8, n_validation=40, n_test=40)
OPTIONS = [
    "--dataset=digits_photo_text",
    "--steps=4",
    "--latent-dim=4",
    "--batch-size=8",
    "--validation-tuples=40",
    "--test-tuples=40",
]


def command(root, *arguments):
    return CliRunner().invoke(app, ["compare", f"--root={root}", *OPTIONS, *arguments])
