"""Inputs for all algorithms, made when a test first asks for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from .conftest import write

SEARCH = {
    "EXTENT": "15.02,15.06,47.07,47.10 [EPSG:4326]",
    "START_DATE": "2023-08-15",
    "END_DATE": "2023-08-15",
    "MAX_CLOUD": 50,
}


class Inputs:
    """Inputs of the algorithms in a folder, made when first asked for; ``fixture`` gives a fixture by its name."""

    def __init__(self, folder: Path, fixture: Callable[[str], Any]) -> None:
        self.folder, self.fixture = folder, fixture
        folder.mkdir(exist_ok=True)

    @property
    def scene(self) -> str:
        """Two uint16 bands, 150 x 130 pixels of 10 m, nodata 0 in a corner."""
        path = self.folder / "scene.tif"
        if not path.exists():
            array = np.random.default_rng(3).integers(1, 9000, (2, 150, 130), dtype=np.uint16)
            array[:, :20, :30] = 0
            write(path, array, nodata=0, names=("B04", "B08"))
        return str(path)

    @property
    def points(self) -> str:
        """5000 points with a number ``height`` and a text ``name``."""
        path = self.folder / "points.geojson"
        if not path.exists():
            places = np.random.default_rng(1).random((5000, 2)).round(6)
            features = [
                {
                    "type": "Feature",
                    "properties": {"height": round(float(x + y), 3), "name": f"p{k}"},
                    "geometry": {"type": "Point", "coordinates": [float(x), float(y)]},
                }
                for k, (x, y) in enumerate(places)
            ]
            path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return str(path)

    @property
    def polygons(self) -> str:
        """Four hundred squares of 50 m on :attr:`scene`, in its CRS, each with a number ``id``."""
        path = self.folder / "polygons.gpkg"
        if not path.exists():
            made = QgsVectorLayer("Polygon?crs=EPSG:32610&field=id:integer", "polygons", "memory")
            for k in range(400):
                feature = QgsFeature(made.fields())
                x, y = 750010 + 60 * (k % 20), 4349990 - 70 * (k // 20)
                feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y - 50, x + 50, y)))
                feature.setAttributes([k])
                made.dataProvider().addFeature(feature)
            options = QgsVectorFileWriter.SaveVectorOptions()
            QgsVectorFileWriter.writeAsVectorFormatV3(made, str(path), QgsCoordinateTransformContext(), options)
        return str(path)

    @property
    def on_scene(self) -> str:
        """One point on :attr:`scene`, in its CRS."""
        path = self.folder / "on_scene.geojson"
        if not path.exists():
            crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32610"}}
            point = {"type": "Point", "coordinates": [750020, 4349900]}
            features = [{"type": "Feature", "properties": {}, "geometry": point}]
            path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
        return str(path)

    def result(self, name: str = "result", **parameters: Any) -> str:
        """A raster that the sliding window made of :attr:`scene`."""
        from qgis import processing

        path = self.folder / f"{name}.tif"
        if not path.exists():
            given = {"INPUT": self.scene, "CHIP_SIZE": 64, "STRIDE": 32, "OUTPUT": str(path), **parameters}
            processing.run("patchwise:slidingwindow", given)
        return str(path)

    def chips(self, name: str = "chips", **parameters: Any) -> str:
        """A folder of chips of :attr:`scene`."""
        from qgis import processing

        path = self.folder / name
        if not path.exists():
            given = {"INPUT": self.scene, "CHIP_SIZE": 64, "STRIDE": 32, "OUTPUT": str(path), **parameters}
            processing.run("patchwise:splitraster", given)
        return str(path)

    @property
    def incomplete(self) -> str:
        """A folder of chips from which one is missing."""
        path = Path(self.chips("incomplete"))
        chips = sorted(path.glob("**/*.tif"))
        if len(chips) == len(sorted(Path(self.chips()).glob("**/*.tif"))):
            chips[1].unlink()
        return str(path)

    def text(self, name: str, text: str) -> str:
        """A file with a text."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def search(self) -> dict[str, Any]:
        """Parameters for which the tests' STAC server has scenes; the server is started at the first use."""
        return {**SEARCH, "ENDPOINT": self.fixture("stac").open_endpoint}
