"""Kill a training at twenty random moments, and see that it ends with the weights it should have.

    python benchmarks/kills.py [--kills 20] [--seed 0]

Each kill starts a training of ``STEPS`` steps that saves its state after every step and its
checkpoint at the end, over an older checkpoint; sends SIGKILL at a random moment, so that some fall
into the import, some into a step, some into the writing of the state or of the checkpoint; looks
whether a checkpoint can be loaded; and resumes. Prints what was found, and exits with 1 unless
every checkpoint was whole and every resumed training ended with the same weights, bit for bit.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from safetensors.torch import load_file

from explorer.checkpoints import checkpoint_directory, load_pretrained
from explorer.training import STATE

RESULTS = Path(__file__).parent / "results" / "kills.json"
STEPS = 30
COMMAND = """
import sys
from pathlib import Path
import explorer.training.loop
from explorer.datasets import load_dataset
from explorer.training import train_checkpoint

explorer.training.loop.SAVE_EVERY_SECONDS = 0
folder = Path(sys.argv[1]) / "polydigits" / "mwb"
data = load_dataset("polydigits", n_train=256, n_test=20)
train_checkpoint(
    folder, data, "mwb", recipe={"latent_dim": 8}, steps=int(sys.argv[2]), batch_size=16,
    accelerator="cpu", progress=False, resume=(folder / "state.pt").is_file(),
)
"""


def start(root, steps=STEPS):
    """Start a training in a process of its own."""
    arguments = [sys.executable, "-c", COMMAND, str(root), str(steps)]
    return subprocess.Popen(arguments, env=os.environ | {"OMP_NUM_THREADS": "1"})


def weights(root):
    """Weights of the checkpoint, as stored."""
    return load_file(checkpoint_directory("polydigits", "mwb", root) / "model.safetensors")


def same(a, b):
    """Whether two checkpoints hold the same bits."""
    return a.keys() == b.keys() and all((a[key] == b[key]).all() for key in a)


def main():
    """Kill, load, resume, compare; write and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    luck = random.Random(asked.seed)
    found = {"kills": 0, "with_state": 0, "after_the_end": 0, "loadable": 0, "same_weights": 0}
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        began = time.monotonic()
        assert start(whole).wait() == 0
        took = time.monotonic() - began
        expected = weights(whole)
        for number in range(asked.kills):
            root = Path(place) / str(number)
            assert start(root, steps=1).wait() == 0  # the older checkpoint
            child = start(root)
            time.sleep(luck.uniform(0.2, 1.05) * took)
            child.send_signal(signal.SIGKILL)
            found["after_the_end"] += child.wait() == 0
            found["kills"] += 1
            found["with_state"] += (root / "polydigits" / "mwb" / STATE).is_file()
            load_pretrained("polydigits", "mwb", root)
            found["loadable"] += 1
            assert start(root).wait() == 0
            found["same_weights"] += same(weights(root), expected)
            print(number + 1, found, flush=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(not found["kills"] == found["loadable"] == found["same_weights"])


if __name__ == "__main__":
    main()
