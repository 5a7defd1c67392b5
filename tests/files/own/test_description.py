"""Descriptions as people write them, and as somebody writes them who means harm."""

import json
import os
import random
import re
import time

import pytest

from explorer.catalog.subjects import BUILT_IN, SUBJECTS, UNREADABLE, in_markdown
from explorer.datasets import load_dataset
from explorer.files.own import find_folder, list_folders
from explorer.files.own.description import read_description
from explorer.files.sources import data_directory
from explorer.files.sources.directory import DataError

GOOD = "modalities: {size: {kind: vector, weight: 2}, fur: }\nlabel: {classes: [tame, wild]}\n"


@pytest.fixture
def read(tmp_path):
    def read(text, file="dataset.yaml"):
        (tmp_path / file).write_text(text)
        mistakes = []
        return read_description(tmp_path / file, mistakes), mistakes

    return read


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data directory with one good folder."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "dataset.yml").write_text(f"title: Cats\n{GOOD}")
    return tmp_path


def test_classes_and_names_are_the_text_that_was_written(read):
    found, mistakes = read("modalities: {a: {parts: [1.10, 2e3]}}\nlabel: {classes: [007, no]}")
    assert mistakes == []
    assert found.label.classes == ("007", "no") and found.modalities[0].parts == ("1.10", "2e3")


def test_letters_with_accents_are_one_letter(read):
    found, _ = read("modalities: {a: }\nlabel: {classes: [cafe\u0301, pos]}")
    assert found.label.classes[0] == "caf\u00e9"


def test_yaml_and_json_say_the_same(read):
    as_json = {
        "modalities": {"size": {"kind": "vector", "weight": 2}, "fur": None},
        "label": {"classes": ["tame", "wild"]},
    }
    one, two = read(GOOD)[0], read(json.dumps(as_json), "dataset.json")[0]
    assert one == two and one.modalities[0].weight == 2.0


def test_every_mistake_is_told_with_its_place(read):
    _, mistakes = read(
        "titel: x\nmodalities:\n  size: {knd: vector, weight: 0, shape: [1, a]}\n  fur: 3\n"
        "label: {column: a, array: b, classes: [tame]}\nsplit: {test: 1.5, seed: true}\n"
    )
    assert sorted(mistakes) == [
        "dataset.yaml: unknown key 'titel'; did you mean 'title'?",
        "label: classes must be a list of two to 255 classes that all differ, got ['tame']",
        "label: say column or array, not both",
        "modality 'fur' must be a table of keys and values, got '3'",
        "modality 'size': shape must be a list of whole numbers of 1 or more, got ['1', 'a']",
        "modality 'size': unknown key 'knd'; did you mean 'kind'?",
        "modality 'size': weight must be a number above 0, got '0'",
        "split: seed must be a whole number of 0 or more, got 'true'",
        "split: test must be a number above 0 and below 1, got '1.5'",
    ]


NESTED = "\n".join(
    [f"a0: &a0 [{', '.join(['x' * 9] * 9)}]"]
    + [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 10)]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NESTED, "refers to another place (*a0); write it out instead"),
        ("? [a]\n: 3", "a key must be text, got ['a'] in line 1"),
        ("? {a: b}\n: 3", "a key must be text"),
        ("a: " + "[" * 30_000, "nested more than 20 deep"),
        ("a: " + "{a: " * 10_000, "nested more than 20 deep"),
        ("a: !!binary aGk=", "has the tag"),
        ("x" * 200_000, "larger than 100,000 bytes"),
        ("\0", "cannot be read"),
        ("a: " + "9" * 90_000, "unknown key 'a'"),
    ],
)
def test_what_means_harm_ends_in_a_short_sentence_soon(text, expected, read):
    before = time.process_time()
    found, mistakes = read(text)
    assert found is None and expected in " | ".join(mistakes)
    assert max(map(len, mistakes)) < 500 and time.process_time() - before < 5


def test_of_thousands_of_mistakes_some_are_told_and_the_rest_is_counted(read):
    _, mistakes = read(json.dumps({f"k{n}": n for n in range(5000)}), "dataset.json")
    assert len(mistakes) == 21 and "4,982 further mistakes" in mistakes[-1]


def test_a_bad_folder_is_left_out_and_breaks_no_other(data):
    for name in ("pipe", "odd", "many", "loop"):
        (data / name).mkdir()
    os.mkfifo(data / "pipe" / "dataset.yaml")
    (data / "odd" / "dataset.yaml").write_text("? [a, b]\n: c\n")
    (data / "many" / "dataset.json").write_text(json.dumps(dict.fromkeys(map(str, range(6000)))))
    (data / "loop" / "dataset.yaml").symlink_to(data / "loop" / "dataset.yaml")
    assert list(list_folders()) == ["cats", "many", "odd"]
    assert SUBJECTS["cats"].label == "Cats" and SUBJECTS["cats"].n_modalities == 2
    assert SUBJECTS["odd"].idea == SUBJECTS["many"].idea == UNREADABLE


@pytest.mark.parametrize("name", ["[/x]", "~nobody-here/x", "a/b", "x" * 5000 + "/y", "a/\0"])
def test_a_path_to_nothing_is_a_sentence(name, data):
    with pytest.raises((DataError, ValueError), match="there is no|no dataset.yaml"):
        find_folder(name) or load_dataset(name)


def test_a_link_is_called_what_the_visitor_calls_it(data):
    (data / "flowers").symlink_to(data / "cats")
    assert find_folder("flowers").name == find_folder(str(data / "flowers")).name == "flowers"


@pytest.mark.parametrize("given", ["~/things", "things"])
def test_the_data_directory_is_one_path_whatever_folder_a_process_starts_in(
    given, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXPLORER_DATA", given)
    assert data_directory() == tmp_path / "things"
    monkeypatch.chdir("/")
    assert data_directory() == tmp_path / "things"


def test_damaged_descriptions_are_read_or_explained(read):
    """Bytes of a good description are changed at random, 300 times."""
    chance = random.Random(0)
    for _ in range(300):
        text = list(GOOD)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(text))
            text[place : place + chance.randint(0, 3)] = chance.choice("[]{}:,&*!?|>-'\"\t\n\0é9 #")
        found, mistakes = read("".join(text))
        assert found is not None or mistakes, "".join(text)
        assert all(len(one) < 500 for one in mistakes)


def test_what_a_visitor_wrote_is_letters_and_no_markdown():
    for text in ("[here](http://x.y)", "**bold** `code` $x$ :red[x]", "<b>x</b>", "www.x.y a@b.c"):
        assert re.sub(r"\\(.)", r"\1", in_markdown(text)) == text
        assert not re.search(r"(?<!\\)[*`$\[\]<>:@]|www\.", in_markdown(text))
    assert all(in_markdown(each.idea) == each.idea for each in BUILT_IN.values())


def test_the_word_for_classes_is_a_word(read):
    good, mistakes = read(GOOD.replace("[tame, wild]", "[tame, wild], word: kind of cat"))
    assert mistakes == [] and good.label.word == "kind of cat"
    _, mistakes = read(GOOD.replace("[tame, wild]", "[tame, wild], word: '[x](y)'"))
    assert mistakes[0].startswith("label: word must be a word or a few")
