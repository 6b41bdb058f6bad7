"""The folder of chips that an algorithm reads."""

from qgis.core import QgsProcessingParameterFile

from ...core.chip_folder.folder import ChipRaster
from ...core.chip_folder.manifest import load_manifest

CHIPS = "CHIPS"

#: The core's name of this parameter, for its error messages.
NAMES = {"chips": CHIPS}


def add_chips(algorithm):
    """Add the folder."""
    tr = algorithm.tr
    algorithm.add(
        QgsProcessingParameterFile(CHIPS, tr("Folder of chips"), QgsProcessingParameterFile.Behavior.Folder),
        tr("A folder that Split raster into chips or Apply operator to chips made. It is only read."),
    )


def read_chips(reader, scaled=False):
    """The folder's :class:`ChipRaster`; refused where it is not one of chips. ``scaled`` is as for ``RasterFile``."""
    folder = reader.file(CHIPS)
    return ChipRaster(folder, load_manifest(folder), scaled)
