"""Which files a dataset needs, who serves them, and what they must be.

Hashes are published ones, of the file as it is served; ``md5:`` or ``sha256:`` in front. Where no
published hash was found there is none here, and the dataset's loader judges what the file holds.
To add a source, add a line to ``SOURCES``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from explorer.files.sources.conversions import (
    VIEWS,
    birds,
    pen_digits,
    released_polymnist,
    spoken_digits,
    views_of_digits,
)


class File(NamedTuple):
    """One file, or one folder, that a loader reads.

    Parameters
    ----------
    path
        Where it lies under the data directory.
    url
        Who serves it, or the archive it is made from; None where a person has to get it.
    size
        Bytes of what ``url`` serves, where that is known.
    hash
        Of what ``url`` serves, where one is published.
    content
        Hash of what is compressed in the file; it stays when the file is compressed anew.
    reference
        Hash of the file that the shipped models saw. Another file works, but is other data.
    make
        Writes the file from what ``url`` serves: a function of the archive and the target.
    hosts
        Other hosts that the server of ``url`` may send on to, where there is no ``hash``.
    """

    path: str
    url: str | None = None
    size: int | None = None
    hash: str | None = None
    content: str | None = None
    reference: str | None = None
    make: Callable[[Path, Path], None] | None = None
    hosts: tuple[str, ...] = ()


class Way(NamedTuple):
    """Files that are a dataset together, and what that dataset is then.

    ``steps`` are what a person has to do for those that nobody serves directly.
    """

    name: str
    files: tuple[File, ...]
    steps: str = ""


class Source(NamedTuple):
    """A dataset's ways to be there, the preferred one first, and what its owners allow."""

    ways: tuple[Way, ...]
    license: str
    page: str


MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist"
MNIST = tuple(
    File(f"mnist/{name}", f"{MNIST_URL}/{name}", size, f"md5:{served}", f"md5:{content}")
    for name, size, served, content in (
        (
            "train-images-idx3-ubyte.gz",
            9912422,
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "6bbc9ace898e44ae57da46a324031adb",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            28881,
            "d53e105ee54ea40749a09fcbcd1e9432",
            "a25bea736e30d166cdddb491f175f624",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            1648877,
            "9fb629c4189551a2d022fa330f9573f3",
            "2646ac647ad5339dbf082846283269ea",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            4542,
            "ec29112dd5afa0611ce80d1b7f02629c",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    )
)

BURKARDT = "https://people.sc.fsu.edu/~jburkardt/data/jpg"
COMMONS = "https://commons.wikimedia.org/wiki/Special:FilePath"
PICTURES = tuple(
    File(
        f"polymnist_backgrounds/{name}.jpg",
        url,
        reference=f"sha256:{seen}",
        hosts=("commons.wikimedia.org", "upload.wikimedia.org"),
    )
    for name, url, seen in (
        (
            "fractal_tree",
            f"{BURKARDT}/fractal_tree.jpg",
            "c3aea824f3a92ab5692e480d02fe868bafa338de3ed9993d540274374a3c31b8",
        ),
        (
            "the_scream",
            f"{COMMONS}/The_Scream.jpg?width=1280",
            "f3075cddeb974a9ee1d6418f7f33fd05185a7ac7dcb4288bd2805d499a9dcaee",
        ),
        (
            "great_wave",
            f"{COMMONS}/Great_Wave_off_Kanagawa2.jpg?width=960",
            "14bcf58a39b7095168f27756d76d0c615bb8954acc5eae9e62c66a9684c2ee2b",
        ),
        (
            "star_field",
            f"{BURKARDT}/star_field.jpg",
            "22317171efc167c6a5b4a783d44289f8f9b3c987e1e363acddabc81d2227c27c",
        ),
        (
            "shingles",
            f"{BURKARDT}/shingles.jpg",
            "22e05161aa0b9963cd0c2089f17e06807e163b36696b70b305c130396c5c448e",
        ),
    )
)

SVHN_URL = "http://ufldl.stanford.edu/housenumbers"
SVHN = (
    File(
        "svhn/train_32x32.mat",
        f"{SVHN_URL}/train_32x32.mat",
        182040794,
        "md5:e26dedcc434d2e4c54c9b2d4a06d8373",
    ),
    File(
        "svhn/test_32x32.mat",
        f"{SVHN_URL}/test_32x32.mat",
        64275384,
        "md5:eb5a983be6a315427106f1b164d9cef3",
    ),
)

LISTS = (
    File("celeba/list_attr_celeba.txt.gz", content="md5:75e246fa4810816ffd6ee81facbd244c"),
    File("celeba/list_eval_partition.txt.gz", content="md5:d32c9cbf5e040fd4025c592c306e6668"),
)
CELEBA_STEPS = (
    "Its owners ask that you accept their terms. On the page, follow the link to their drive; get "
    "img_align_celeba.zip (folder Img), list_attr_celeba.txt (Anno) and list_eval_partition.txt "
    "(Eval); the lists may be gzipped or not."
)

CELEBA = Source(
    (
        Way("official pictures", (File("celeba/img_align_celeba.zip"), *LISTS), CELEBA_STEPS),
        Way("official pictures, unzipped", (File("celeba/img_align_celeba"), *LISTS)),
        Way("a selection, 64x64", (File("celeba/img_align_celeba_64.zip"), *LISTS)),
    ),
    "for non-commercial research, not to be passed on",
    "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
)

UCI = "https://archive.ics.uci.edu/static/public"
PENDIGITS = File(
    "pendigits/pendigits.npz",
    f"{UCI}/81/pen+based+recognition+of+handwritten+digits.zip",
    1668118,
    "sha256:1e02bea023613c2b11c9492f6f34caf975420455934f3527d270cee9a1f03b64",
    make=pen_digits,
)
FSDD = File(
    "fsdd/fsdd.npz",
    "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.10.zip",
    make=spoken_digits,
    hosts=("codeload.github.com",),
)
MFEAT = File("mfeat/mfeat.npz", f"{UCI}/72/multiple+features.zip", make=views_of_digits)

CUB = File(
    "cub/CUB_200_2011",
    "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
    1150585339,
    "md5:97eceeb196236b17998738112f37df78",
    make=birds,
)

RATS = ("barat", "buchanan", "mitt", "stella", "superchris")

POLYMNIST = Source(
    (Way("rebuilt", (*MNIST, *PICTURES)),),
    "MNIST: usually given as CC BY-SA 3.0. Pictures: LGPL (Burkardt's page); paintings are in the "
    "public domain",
    "https://zenodo.org/record/4899160",
)

SOURCES: dict[str, Source] = {
    "polymnist": POLYMNIST,
    "translated_polymnist": POLYMNIST._replace(
        ways=(Way("rebuilt", (*MNIST, *PICTURES[:3])),),
    ),
    "polymnist_released": Source(
        (
            Way(
                "released pictures",
                (
                    File(
                        "MMNIST",
                        "https://zenodo.org/records/4899160/files/PolyMNIST.zip",
                        make=released_polymnist,
                        hosts=("www.zenodo.org",),
                    ),
                ),
            ),
        ),
        "not stated; MNIST is usually given as CC BY-SA 3.0",
        "https://zenodo.org/records/4899160",
    ),
    "mnist_svhn_text": Source(
        (
            Way("all of SVHN", (*MNIST, *SVHN)),
            Way("a subset of SVHN", (*MNIST, File("svhn/svhn_subset.npz"))),
        ),
        "MNIST: usually given as CC BY-SA 3.0. SVHN: for non-commercial use",
        "http://ufldl.stanford.edu/housenumbers",
    ),
    "mfeat": Source(
        (
            Way("one file", (MFEAT,)),
            Way(
                "UCI's text files",
                tuple(File(f"mfeat/{file}") for file in VIEWS.values()),
            ),
        ),
        "CC BY 4.0",
        "https://archive.ics.uci.edu/dataset/72/multiple+features",
    ),
    "celeba": CELEBA,
    "celeba_attributes": CELEBA,
    "mhd_like": Source(
        (Way("pen digits and spoken digits", (PENDIGITS, FSDD)),),
        "pen digits: CC BY 4.0. Spoken digits: CC BY-SA 4.0",
        "https://archive.ics.uci.edu/dataset/81/pen+based+recognition+of+handwritten+digits",
    ),
    "mhd": Source(
        (
            Way(
                "official files",
                (File("mhd/mhd_train.pt"), File("mhd/mhd_test.pt")),
                "MHD lies on its authors' drive. The repository on the page has a script that "
                "downloads mhd_train.pt and mhd_test.pt from there.",
            ),
            Way("converted files", (File("mhd/mhd_train.npz"), File("mhd/mhd_test.npz"))),
        ),
        "not stated by its authors",
        "https://github.com/miguelsvasco/nexus_pytorch",
    ),
    "cub_attributes": Source(
        (
            Way(
                "100 classes, 64x64 pictures in one zip",
                (File("cub/cub100_64.zip"), File("cub/cub100_labels.npz")),
                "Nobody serves this selection of the birds; the dataset cub has them all.",
            ),
        ),
        "for non-commercial research",
        "https://www.vision.caltech.edu/datasets/cub_200_2011/",
    ),
    "cub": Source(
        (
            Way(
                "official pictures and captions",
                (CUB, File("cub/text_c10")),
                "The pictures come by python -m explorer data fetch cub. Ten captions a picture "
                "(Reed et al. 2016) lie on a drive: in the repository "
                "https://github.com/reedscot/cvpr2016, follow the link to the birds' captions, and "
                "unpack the folder text_c10.",
            ),
        ),
        "for non-commercial research",
        "https://www.vision.caltech.edu/datasets/cub_200_2011/",
    ),
    "rats": Source(
        (
            Way(
                "official recordings",
                tuple(
                    File(f"rats/{rat}_{kind}.npy")
                    for rat in RATS
                    for kind in ("spike_data_binned", "trial_info")
                ),
                "Dryad serves them to people, not to programs: open the page, press Download, and "
                "unzip.",
            ),
        ),
        "CC0 1.0, as all on Dryad",
        "https://doi.org/10.7280/D14X30",
    ),
}
"""Key of ``DATASETS`` -> where its files come from; what is not here needs none."""
