"""A set of labelled images (structure, energy, forces, stress, moments), each with its origin."""

import io
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.common import LinkType

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet

__all__ = ("ImageData",)


class ImageData(orm.SinglefileData):
    """Labelled images in one compressed npz file, entry point `hezsp.images`.

    The file holds the arrays of `aiida_hezsp.potential.ImageSet`. Every image names the key of the calculation it
    came from; `calculation` finds the node by walking the graph, so that the answer is also right where a step was
    taken from the cache or imported from an archive. Attributes: `n_images`, `groups` (images per composition),
    `engines` (images per label engine).
    """

    FILENAME = "images.npz"

    def __init__(self, images: ImageSet, **kwargs: Any) -> None:
        """Make an unstored node of an image set."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / self.FILENAME
            images.save(path)
            super().__init__(path, filename=self.FILENAME, **kwargs)
        self.base.attributes.set("n_images", len(images))
        self.base.attributes.set("groups", dict(Counter(images.groups.tolist())))
        self.base.attributes.set("engines", dict(Counter(images.engines.tolist())))

    @property
    def n_images(self) -> int:
        """Number of images."""
        return int(self.base.attributes.get("n_images"))

    @property
    def groups(self) -> dict[str, int]:
        """Number of images per composition label."""
        return dict(self.base.attributes.get("groups"))

    @property
    def engines(self) -> dict[str, int]:
        """Number of images per label engine, e.g. ``{"vasp 6.4.2": 1228}``."""
        return dict(self.base.attributes.get("engines"))

    def get_images(self) -> ImageSet:
        """Return the images.

        Raises:
            ImageError: the file is damaged.
        """
        return ImageSet.load(io.BytesIO(self.get_content(mode="rb")))

    def calculation(self, index: int) -> orm.CalcJobNode:
        """Return the calculation that labelled image `index`.

        Raises:
            ImageError: the node was not made by a calculation of this package, or its inputs are gone.
        """
        images = self.get_images()
        if not 0 <= index < len(images):
            raise ImageError(f"image {index} does not exist: the dataset has images 0 to {len(images) - 1}")
        return self._find_calculation(str(images.sources[index]))

    def origins(self) -> list[dict[str, Any]]:
        """Return where each image is from: `image`, `group`, `step` (ionic, from 0), `engine`, and the calculation.

        Raises:
            ImageError: the node was not made by a calculation of this package, or its inputs are gone.
        """
        images = self.get_images()
        calculations = {source: self._find_calculation(source) for source in dict.fromkeys(images.sources.tolist())}
        rows = zip(images.groups, images.steps, images.engines, images.sources.tolist(), strict=True)
        return [
            {
                "image": number,
                "group": str(group),
                "step": int(step),
                "engine": str(engine),
                "pk": calculations[source].pk,
                "uuid": calculations[source].uuid,
            }
            for number, (group, step, engine, source) in enumerate(rows)
        ]

    def to_extxyz(self, path: str | Path) -> None:
        """Write the images as extended XYZ; each names its calculation (UUID), where the graph knows it.

        Raises:
            ImageError: the file of the node is damaged.
        """
        from ase.io import write

        frames = self.get_images().to_atoms_list()
        try:
            origins = self.origins()
        except ImageError:  # a dataset that was made without a graph
            origins = []
        for atoms, origin in zip(frames, origins, strict=False):
            atoms.info["calculation"] = origin["uuid"]
        write(str(path), frames, format="extxyz")

    def _find_calculation(self, source: str) -> orm.CalcJobNode:
        """Follow `source` (``dataset/run`` in a merged set, ``run`` in a collected one) up the graph."""
        creator = self.creator
        if creator is None:
            raise ImageError(f"dataset {self.uuid} has no creator: the origin of its images is not recorded")
        first, _, rest = source.partition("/")
        links = creator.base.links.get_incoming(link_type=LinkType.INPUT_CALC).all()
        inputs = {link.link_label: link.node for link in links}
        if rest:
            dataset = inputs.get(f"datasets__{first}")
            if isinstance(dataset, ImageData):
                return dataset._find_calculation(rest)  # noqa: SLF001
        if isinstance(file := inputs.get("file"), orm.SinglefileData):
            raise ImageError(f"dataset {self.uuid} was read from the file {file.filename}: no calculation is recorded")
        node = inputs.get(f"retrieved__{first}")
        if node is None or not isinstance(node.creator, orm.CalcJobNode):
            raise ImageError(f"dataset {self.uuid}: no calculation is linked under the key {source!r}")
        return node.creator
