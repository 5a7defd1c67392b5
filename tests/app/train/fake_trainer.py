"""A trainer that takes no time, for tests of the line: ``python fake_trainer.py FOLDER``.

Tells its log a step every 20 ms until it is told to end, then leaves a checkpoint. The seed says
what becomes of it: 1 ends at once, 2 fails in a sentence, 3 dies, 4 does not listen.
"""

import json
import os
import select
import sys
import time
from pathlib import Path


def main(folder):
    checkpoint = folder / "checkpoint"
    seed = json.loads((folder / "request.json").read_text())["seed"]

    def log(**line):
        with (folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    checkpoint.mkdir(exist_ok=True)
    (checkpoint / "state.pt").touch()
    step, end = 0, ""
    while not end:
        step += 1
        log(step=step, done=min(1, step / 1000), terms={"total": 1 / step})
        if seed == 2:
            log(event="failed", message="loss term 'kl' became nan at step 1.")
            sys.exit(1)
        if seed == 3:
            sys.exit("error: no space left")
        if seed == 4:
            time.sleep(0.02)
        elif seed == 1:
            end = "finished"
        elif select.select([0], [], [], 0.02)[0]:
            end = "stopped" if os.read(0, 9) else "interrupted"
    for name in ("config.json", "model.safetensors"):
        (checkpoint / name).write_text("{}")
    log(event=end, message="")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
