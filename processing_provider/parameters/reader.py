"""The parameters of one call of an algorithm, read by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureSink,
    QgsGeometry,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingParameterDefinition,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QDateTime


@dataclass(frozen=True)
class Reader:
    """What QGIS hands to an algorithm in one of its calls: the parameters, and the context that they mean something in.

    Reads by a parameter's name, as the algorithm defines it; one that is not among ``parameters`` has its default.
    """

    algorithm: QgsProcessingAlgorithm
    parameters: Mapping[str, Any]
    context: QgsProcessingContext

    def tr(self, text: str) -> str:
        """The text in the user's language."""
        return self.algorithm.tr(text)

    @property
    def definitions(self) -> list[QgsProcessingParameterDefinition]:
        """The definitions of all parameters."""
        return self.algorithm.parameterDefinitions()

    def having(self, **values: Any) -> Reader:
        """A reader of the same with other values for some parameters."""
        return replace(self, parameters={**self.parameters, **values})

    def has(self, name: str) -> bool:
        """Whether the algorithm defines the parameter."""
        return self.algorithm.parameterDefinition(name) is not None

    def given(self, name: str) -> bool:
        """Whether the parameter has a value other than None and the empty text."""
        return self.value(name) not in (None, "")

    def value(self, name: str) -> Any:
        """The value as it was handed over; None where there is none."""
        return self.parameters.get(name)

    def text(self, name: str) -> str:
        """A text, or the name of what was chosen of several."""
        return self.algorithm.parameterAsString(self.parameters, name, self.context)

    def whole(self, name: str) -> int:
        """A whole number."""
        return self.algorithm.parameterAsInt(self.parameters, name, self.context)

    def wholes(self, name: str) -> list[int]:
        """Whole numbers, such as those of bands."""
        return self.algorithm.parameterAsInts(self.parameters, name, self.context)

    def number(self, name: str) -> float:
        """A number."""
        return self.algorithm.parameterAsDouble(self.parameters, name, self.context)

    def number_if_given(self, name: str) -> float | None:
        """A number, or None where none is given."""
        return self.number(name) if self.given(name) else None

    def flag(self, name: str) -> bool:
        """Whether it is chosen."""
        return self.algorithm.parameterAsBool(self.parameters, name, self.context)

    def choices(self, name: str) -> tuple[str, ...]:
        """The names of what was chosen, where it may be more than one."""
        return tuple(self.algorithm.parameterAsEnumStrings(self.parameters, name, self.context))

    def file(self, name: str) -> str:
        """The path of a file or folder."""
        return self.algorithm.parameterAsFile(self.parameters, name, self.context)

    def moment(self, name: str) -> QDateTime:
        """A date with a time."""
        return self.algorithm.parameterAsDateTime(self.parameters, name, self.context)

    def layer(self, name: str) -> QgsMapLayer | None:
        """A layer of any kind; None where there is none, or it cannot be read."""
        return self.algorithm.parameterAsLayer(self.parameters, name, self.context)

    def layers(self, name: str) -> list[QgsMapLayer]:
        """Several layers."""
        return self.algorithm.parameterAsLayerList(self.parameters, name, self.context) or []

    def raster_layer(self, name: str) -> QgsRasterLayer | None:
        """A raster layer; None where there is none, or it cannot be read."""
        return self.algorithm.parameterAsRasterLayer(self.parameters, name, self.context)

    def source(self, name: str) -> QgsProcessingFeatureSource | None:
        """The features of a vector layer; None where there is none, or it cannot be read."""
        return self.algorithm.parameterAsSource(self.parameters, name, self.context)

    def needed_source(self, name: str) -> QgsProcessingFeatureSource:
        """The features of a vector layer; raises ``QgsProcessingException`` where there is none."""
        source = self.source(name)
        if source is None:
            raise QgsProcessingException(self.algorithm.invalidSourceError(self.parameters, name))
        return source

    def extent(self, name: str) -> QgsRectangle:
        """An extent in its own CRS, null where none is given; ``extents.read_box`` keeps the 180th meridian."""
        return self.algorithm.parameterAsExtent(self.parameters, name, self.context)

    def extent_crs(self, name: str) -> QgsCoordinateReferenceSystem:
        """The CRS of an extent; invalid where it has none."""
        return self.algorithm.parameterAsExtentCrs(self.parameters, name, self.context)

    def extent_outline(self, name: str, crs: QgsCoordinateReferenceSystem) -> QgsGeometry:
        """The outline of an extent, brought to ``crs``."""
        return self.algorithm.parameterAsExtentGeometry(self.parameters, name, self.context, crs)

    def output_layer(self, name: str) -> str:
        """The path of an output; notes in the context that it is to be loaded."""
        return self.algorithm.parameterAsOutputLayer(self.parameters, name, self.context)

    def sink(self, name: str, *shape: Any) -> tuple[QgsFeatureSink | None, str]:
        """A new sink for features of ``shape`` (fields, WKB type, CRS), and where it leads; None where it cannot be."""
        return self.algorithm.parameterAsSink(self.parameters, name, self.context, *shape)
