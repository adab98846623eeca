"""What is said of a model comes back as it was said, and what anybody else says of one is refused or bounded."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import ModelError
from tracker.models import manifest, signature
from tracker.models.manifest import Manifest, ModelFile
from tracker.models.signature import DTYPES, TensorSpec

texts = st.text(st.characters(codec="utf-8"), max_size=30)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
names = st.from_regex(r"[a-z][a-z0-9_-]{0,20}(\.[a-z0-9]{1,5})?", fullmatch=True)
tensors = st.lists(
    st.builds(
        TensorSpec,
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
        st.sampled_from(DTYPES),
        st.lists(st.none() | st.integers(0, 1000), max_size=4).map(tuple),
    ),
    max_size=3,
    unique_by=lambda each: each.name,
).map(tuple)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any that can be."""
    files = draw(
        st.lists(st.builds(ModelFile, names, digests, st.integers(0, 1 << 40)), min_size=1, max_size=4,
                 unique_by=lambda each: each.name)
    )  # fmt: skip
    return Manifest(
        draw(st.sampled_from(manifest.FORMATS)),
        tuple(files),
        manifest.digest_of(files),
        draw(tensors),
        draw(tensors),
        draw(st.none() | st.lists(texts, max_size=5).map(tuple)),
        draw(st.none() | st.just("mobilenet") | st.dictionaries(texts, st.integers() | texts, max_size=3)),
        tuple(dict.fromkeys(draw(st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,9}", fullmatch=True), max_size=3)))),
        draw(st.sampled_from(manifest.METHODS)),
        draw(texts),
        draw(texts),
        draw(st.none() | st.integers(1, 1000)),
    )


@examples(25)
@given(manifests().filter(lambda each: "latest" not in each.labels))
def test_what_is_said_comes_back(said: Manifest) -> None:
    """Through the bytes that are stored."""
    assert manifest.of_bytes(said.to_bytes()) == said


@examples(10)
@given(manifests(), st.randoms())
def test_the_digest_does_not_ask_for_an_order(said: Manifest, random: Any) -> None:
    """And is another as soon as a name or a content is."""
    files = list(said.files)
    random.shuffle(files)
    assert manifest.digest_of(files) == said.digest
    files[0] = files[0]._replace(name=files[0].name + "x")
    assert manifest.digest_of(files) != said.digest


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@examples(40)
@given(manifests(), st.data())
def test_a_manifest_of_anybodys_is_one_or_is_refused(said: Manifest, data: st.DataObject) -> None:
    """Whatever stands in the place of one of its values: no other error comes up, and names are no paths."""
    plain = copy.deepcopy(said.as_json())
    holder: Any = plain
    if data.draw(st.booleans()) and plain["files"]:
        holder = plain["files"][0]
    holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(json_values)
    try:
        found = manifest.of_json(plain)
    except ModelError:
        return
    assert all("/" not in each.name and each.name not in (".", "..") for each in found.files)
    assert manifest.of_bytes(found.to_bytes()) == found


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_no_manifest(data: bytes) -> None:
    """Nothing but a sentence."""
    with pytest.raises(ModelError):
        manifest.of_bytes(data)


@given(st.text(max_size=30) | st.sampled_from(["..", ".", "a/b", "a\\b", "C:", "x\0", "nul\n", "\ud800", " a", "a "]))
def test_a_name_of_a_file_is_plain(name: str) -> None:
    """A file of that name can be made in a folder, and lies in it."""
    try:
        assert manifest.check_file_name(name) == name
    except ModelError:
        return
    assert name.encode()
    assert not set(name) & set('/\\:*?"<>|')
    assert name.isprintable()
    assert name.strip(" .") == name


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" + b"1," * 100_000 + b"1]",
        b'{"format": "onnx", "files": [' + b"{}," * 9_999 + b"{}]}",
        b" " * (manifest.MAX_BYTES + 1),
        json.dumps({"format": "onnx", "files": [], "digest": ""}).encode(),
    ],
    ids=["nested", "long", "files", "blank", "none"],
)
def test_a_manifest_that_is_too_much_is_refused(data: bytes) -> None:
    """In a sentence."""
    with pytest.raises(ModelError):
        manifest.of_bytes(data)


@given(tensors)
def test_a_signature_comes_back(specs: tuple[TensorSpec, ...]) -> None:
    """Through JSON."""
    assert signature.of_json([each.as_json() for each in specs], "inputs") == specs


def test_what_is_said_of_a_model_has_a_bound() -> None:
    """A hundred thousand classes of five hundred characters are no names."""
    said = Manifest("source", (), "", classes=tuple("x" * 500 for _ in range(10_000)))
    with pytest.raises(ModelError, match="too much"):
        said.to_bytes()
