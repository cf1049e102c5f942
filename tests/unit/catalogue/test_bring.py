"""A path in place of a catalogue id."""

from __future__ import annotations

import json

import pytest

from gigawatt.catalogue import load
from gigawatt.catalogue.bring import bring
from gigawatt.errors import CatalogueError, InputError

SMALL = {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "vocab_size": 50257}


@pytest.fixture
def write(tmp_path):
    def write(data, name):
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return path

    return write


def test_an_id_leaves_the_catalogue_as_it_is():
    catalogue = load()
    assert bring(catalogue, "models", "llama-3.1-8b") == (catalogue, "llama-3.1-8b")


def test_a_path_adds_a_model_to_a_copy(write):
    catalogue, name = bring(load(), "models", str(write(SMALL, "mine.json")))
    assert name == "mine"
    assert catalogue.models[name].layers == 12
    assert "mine" not in load().models
    assert len(catalogue.models) == len(load().models) + 1
    assert catalogue.accelerators["h100-sxm"] == load().accelerators["h100-sxm"]


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(CatalogueError, match=r"Nearest: llama-3\.1-8b"):
        bring(load(), "models", "llama-3.1-8bn")


def test_a_hub_name_is_taken_for_a_path():
    with pytest.raises(InputError, match="nothing is downloaded"):
        bring(load(), "models", "meta-llama/Llama-3.1-8B")


ACCELERATOR = """
defaults: {source: my-own, kind: assumption}
name: Mine
vendor: Me
generation: hopper
available_from: 2026-01
dense_flop_per_s: {bf16: 500 TFLOP/s}
hbm_bytes: 96 GB
hbm_bytes_per_s: 3 TB/s
scale_up_domain_count: 8
scale_up_bytes_per_s: 450 GB/s
scale_out_bytes_per_s: 50 GB/s
tdp_w: 700 W
system_w: 1300 W
"""


def test_an_accelerator_comes_from_a_yaml_file(write):
    catalogue, name = bring(load(), "accelerators", str(write(ACCELERATOR, "my-chip.yaml")))
    assert name == "my-chip"
    assert catalogue.accelerators[name].dense_flop_per_s["bf16"].value == 500e12


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ACCELERATOR.replace("name: Mine\n", ""), "name: Field required"),
        (ACCELERATOR.replace("700 W", "700 GB"), "tdp_w"),
        (ACCELERATOR.replace("{source: my-own, kind: assumption}", "{}"), "a figure needs a source"),
        ("entries: []", "holds 0 entries; one is needed"),
        ("- 1", "a catalogue file is a mapping"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_yaml_file_says_what_is_wrong(text, says, write):
    path = write(text, "my-chip.yaml")
    with pytest.raises(InputError, match=says) as caught:
        bring(load(), "accelerators", str(path))
    assert str(path) in str(caught.value)


def test_an_accelerator_is_no_json_file(write):
    with pytest.raises(InputError, match="neither in the catalogue nor a YAML file"):
        bring(load(), "accelerators", str(write({}, "chip.json")))
    with pytest.raises(InputError, match="no such file"):
        bring(load(), "accelerators", "nowhere/chip.yaml")
