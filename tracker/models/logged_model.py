"""LoggedModel: a version of a model on its way into a run: a copy, which becomes files on another thread."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.models import manifest as manifests
from tracker.models import signature
from tracker.models.exporters import Export
from tracker.models.manifest import Manifest, ModelFile
from tracker.models.signature import TensorSpec
from tracker.values.value import Medium, Value


class LoggedModel(Value):
    """A version of a model.

    Args:
        export: Makes its files of a copy, on any thread.
        n_bytes: What the copy takes.
        inputs: What the caller said goes in; where the files say it too, they are right.
        outputs: What the caller said comes out.
        **said: What else the manifest says; see `Manifest`.
    """

    kind = "model"
    has_files = True

    def __init__(
        self, export: Export, n_bytes: int, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], **said: Any
    ) -> None:
        self._export = export
        self._size = n_bytes
        self._inputs, self._outputs = tuple(inputs), tuple(outputs)
        self._said = said
        self.keep = said.get("keep")
        self._files: dict[str, Sequence[bytes | memoryview]] = {}

    def check_said(self) -> None:
        """That what is said of it is not too much to be stored.

        Raises:
            ModelError: it is.
        """
        Manifest("source", (), "", self._inputs, self._outputs, **self._said).to_bytes()

    @property
    def n_bytes(self) -> int:
        return self._size + 500

    def encode(self) -> list[Medium]:
        exported = self._export()
        files = []
        for name, content in exported.files.items():
            parts = [content] if isinstance(content, bytes) else content
            digest = _digest(parts)
            self._files[digest] = parts
            size = sum(len(part) for part in parts)
            files.append(ModelFile(manifests.check_file_name(name), digest, size))
        if self._said.get("classes") is None and exported.classes is not None:
            self._said["classes"] = tuple(manifests.check_classes(list(exported.classes)))
        said = Manifest(
            exported.format,
            tuple(sorted(files)),
            manifests.digest_of(files),
            signature.of_json(_listed(exported.inputs), "inputs") or self._inputs,
            signature.of_json(_listed(exported.outputs), "outputs") or self._outputs,
            note=exported.note[: manifests.MAX_NOTE],
            **self._said,
        )
        attributes = {"format": said.format, "digest": said.digest, "size": said.size}
        return [Medium(manifests.FORM, attributes, said.to_bytes())]

    def files(self) -> Mapping[str, Sequence[bytes | memoryview]]:
        return self._files


def _digest(parts: Sequence[bytes | memoryview]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def _listed(specs: Any) -> list[dict[str, Any]]:
    return [{**each, "shape": list(each["shape"])} for each in specs or ()]
