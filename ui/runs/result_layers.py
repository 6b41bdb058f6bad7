"""Puts result layers into the project, above their source, and styles them as the algorithm wants."""

from qgis.core import QgsProject


def add_layers(run):
    """Add the layers of an ended run to its project; the first of them, or None."""
    project = run.context.project() or QgsProject.instance()
    for layer, details in run.layers:
        project.addMapLayer(layer, False)
        insert_above(project, layer, run.source_id)
        if details.postProcessor() is not None:
            details.postProcessor().postProcessLayer(layer, run.context, run.feedback)
    return run.layers[0][0] if run.layers else None


def insert_above(project, layer, source_id):
    """Put a layer right above another in the layer tree; on top where that one is not there."""
    root = project.layerTreeRoot()
    node = root.findLayer(source_id) if source_id else None
    group = node.parent() if node is not None else root
    place = group.children().index(node) if node is not None else 0
    group.insertLayer(place, layer)
