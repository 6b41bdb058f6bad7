"""Which pixels of a PostGIS raster lie in one of its tiles.

QGIS's provider gives 0 where the table has no tile, also where the raster has a nodata value, and an error where a
block has none at all. So the database is asked for the places of the tiles.
"""

import numpy as np
from qgis.core import QgsDataSourceUri, QgsProviderConnectionException, QgsProviderRegistry

from ...core.base.errors import RasterReadError
from ...core.grid.domain import apply

PROVIDER = "postgresraster"

_PLACE = ("ST_UpperLeftX", "ST_UpperLeftY", "ST_Width", "ST_Height")


def _quoted(name):
    """An identifier of SQL."""
    return '"{}"'.format(name.replace('"', '""'))


def tile_windows(source, domain, name):
    """``(tiles, 4)`` integers: first row, first column, and those behind, of each tile on the grid of ``domain``.

    ``source`` is the provider's own text, ``name`` the layer's, for the :class:`RasterReadError` where the database
    does not answer.
    """
    uri = QgsDataSourceUri(source)
    raster, table = _quoted(uri.geometryColumn()), ".".join(map(_quoted, filter(None, (uri.schema(), uri.table()))))
    columns = ", ".join(f"{what}({raster})" for what in _PLACE)
    # Names are quoted, and the filter is the one that the layer itself sends to the database.
    clauses = ["select", columns, "from", table, *(["where", uri.sql()] if uri.sql() else [])]
    try:
        metadata = QgsProviderRegistry.instance().providerMetadata("postgres")
        rows = metadata.createConnection(uri.connectionInfo(True), {}).executeSql(" ".join(clauses))
    except QgsProviderConnectionException as error:
        reason = str(error)
        raise RasterReadError(f"{name}: cannot ask the database which tiles there are: {reason}") from None
    x, y, width, height = np.asarray(rows, dtype=np.float64).reshape(-1, 4).T
    col, row = (np.rint(places).astype(np.int64) for places in apply(~domain.transform, x, y))
    return np.stack([row, col, row + height.astype(np.int64), col + width.astype(np.int64)], axis=1)


def without_tile(windows, block):
    """``(h, w)`` bool: where the block is in none of the tiles."""
    row, col, row_stop, col_stop = windows.T
    touching = (row < block.row_stop) & (row_stop > block.row) & (col < block.col_stop) & (col_stop > block.col)
    outside = np.ones((block.height, block.width), dtype=bool)
    for top, left, bottom, right in windows[touching] - (block.row, block.col, block.row, block.col):
        outside[max(top, 0) : bottom, max(left, 0) : right] = False
    return outside
