"""How often each judge of PolyMNIST agrees with an eye that read 200 generated pictures blind.

    EXPLORER_DATA=... python benchmarks/eye.py sheets FOLDER   draw pictures and contact sheets
    python benchmarks/eye.py agree                             compare the judges with the eye

``sheets`` draws from one modality alone, shuffles, and writes ``benchmarks/results/eye.npz`` (the
pictures, which modality each shows, the class it should show) and numbered sheets into FOLDER;
nothing on a sheet tells the class. Who reads them writes ``benchmarks/results/eye.csv``: a line
``number,digit`` a picture, ``-`` where no digit can be made out; its first line, after ``#``, says
who read. ``agree`` writes ``pretrained/polymnist/eye/agreement.json``, which Scores shows.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from explorer.checkpoints import PRETRAINED, load_pretrained
from explorer.datasets import load_dataset
from explorer.evaluation.classifiers import find_judges
from explorer.evaluation.draws import decode

RESULTS = Path(__file__).parent / "results"
PICTURES, EYE = RESULTS / "eye.npz", RESULTS / "eye.csv"
DATASET, MODELS, GIVEN = "polymnist", ("mwb", "mopoe"), "m0"
N, COLUMNS, ROWS, SCALE = 200, 10, 5, 4


AGREEMENT = PRETRAINED / DATASET / "eye" / "agreement.json"


def draw_pictures(seed: int = 0) -> dict[str, np.ndarray]:
    """``N`` generated pictures uint8 ``(N, 28, 28, 3)``, with modality, class and model of each."""
    data = load_dataset(DATASET)
    targets = [m.name for m in data.modalities if m.name != GIVEN]
    pictures, names, labels, models = [], [], [], []
    each = N // (len(MODELS) * len(targets))
    for place, key in enumerate(MODELS):
        model, rows = load_pretrained(DATASET, key), slice(1000 * place, 1000 * place + each)
        generator = torch.Generator().manual_seed(seed)
        belief = model.subset_posterior(data.test[rows], [GIVEN])
        with torch.inference_mode():
            shown = decode(model, belief.rsample(generator), targets, generator)
        for name in targets:
            pictures.append((shown[name].clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy())
            names += [name] * each
            labels += data.test.labels[rows].tolist()
            models += [key] * each
    order = np.random.default_rng(seed).permutation(N)
    return {
        "pictures": np.concatenate(pictures)[order],
        "names": np.array(names)[order],
        "labels": np.array(labels)[order],
        "models": np.array(models)[order],
    }


def write_sheets(pictures: np.ndarray, folder: Path) -> None:
    """Numbered contact sheets, ``COLUMNS x ROWS`` pictures each."""
    folder.mkdir(parents=True, exist_ok=True)
    side, line = 28 * SCALE, 14
    for start in range(0, len(pictures), COLUMNS * ROWS):
        sheet = Image.new("RGB", (COLUMNS * (side + 8), ROWS * (side + line + 6)), "white")
        pen = ImageDraw.Draw(sheet)
        for place, picture in enumerate(pictures[start : start + COLUMNS * ROWS]):
            x, y = place % COLUMNS * (side + 8), place // COLUMNS * (side + line + 6)
            pen.text((x + 2, y), str(start + place), fill="black")
            sheet.paste(Image.fromarray(picture).resize((side, side)), (x, y + line))
        sheet.save(folder / f"sheet-{start:03d}.png")


def read_eye() -> tuple[str, list[int | None]]:
    """Who read, and the digit of each picture, None where there is none."""
    reader, *lines = EYE.read_text("utf-8").splitlines()
    found = dict(csv.reader(lines))
    return reader.lstrip("# "), [
        None if found[str(n)] == "-" else int(found[str(n)]) for n in range(N)
    ]


def agree() -> dict:
    """How often eye and judges call a picture alike, and how often each calls the right class."""
    stored = dict(np.load(PICTURES, allow_pickle=False))
    reader, eye = read_eye()
    images = torch.from_numpy(stored["pictures"]).permute(0, 3, 1, 2).float() / 255
    called = np.array([-1 if digit is None else digit for digit in eye])
    right = called == stored["labels"]
    legible = called >= 0
    found = {}
    for kind, judge in find_judges(DATASET).items():
        said = [
            int(judge.predict({name: image[None]})[name])
            for name, image in zip(stored["names"], images, strict=True)
        ]
        found[kind] = {
            "same_digit": _share((said == called)[legible]),
            "same_verdict": _share((said == stored["labels"]) == right),
            "right": _share(said == stored["labels"]),
        }
    return {
        "reader": reader,
        "pictures": N,
        "legible": _share(legible),
        "right": _share(right),
        "judges": found,
    }


def _share(values: np.ndarray) -> float:
    return round(float(np.mean(values)), 4)


def main() -> None:
    """Draw sheets, or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["sheets", "agree"])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("sheets"))
    arguments = parser.parse_args()
    if arguments.what == "sheets":
        drawn = draw_pictures()
        np.savez_compressed(PICTURES, **drawn)
        write_sheets(drawn["pictures"], arguments.folder)
        return
    result = agree()
    AGREEMENT.parent.mkdir(exist_ok=True)
    AGREEMENT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
