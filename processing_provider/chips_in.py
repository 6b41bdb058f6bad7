"""The folder of chips that an algorithm reads."""

import os

from qgis.core import QgsProcessingParameterFile

from ..core.chip_folder import ChipRaster
from ..core.chip_manifest import load_manifest
from ..core.errors import ParameterError

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


def check_beside(output, chips, parameter):
    """Refuse an output that is one of the chips."""
    folder, name = os.path.split(os.path.realpath(output))
    inside = folder == os.path.realpath(chips.folder)
    if inside and any(name == chip.path for chip in chips.manifest.chips):
        raise ParameterError(parameter, output, "must not be one of the chips that are read: choose another")


def read_chips(algorithm, parameters, context, scaled=False):
    """The chips described as a raster; refused where the folder is not one of chips."""
    folder = algorithm.parameterAsFile(parameters, CHIPS, context)
    return ChipRaster(folder, load_manifest(folder), scaled)
