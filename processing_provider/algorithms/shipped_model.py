"""Graphical models that come with the provider."""

from qgis.core import QgsProcessingModelAlgorithm

from ..guard import guarded


@guarded
class ShippedModel(QgsProcessingModelAlgorithm):
    """A model whose inputs have their own defaults where they are left out.

    QGIS fills defaults in its dialogs only: by ``qgis_process`` or from a script an input that is left out is empty,
    and the step that it goes to would take the default of its algorithm, which may be another.
    """

    def createInstance(self):
        """A new instance of the same model."""
        model = ShippedModel()
        model.loadVariant(self.toVariant())
        return model

    def checkParameterValues(self, parameters, context):
        """As of QGIS's models, with defaults filled in."""
        return super().checkParameterValues(self.with_defaults(parameters), context)

    def processAlgorithm(self, parameters, context, feedback):
        """As of QGIS's models, with defaults filled in."""
        return super().processAlgorithm(self.with_defaults(parameters), context, feedback)

    def with_defaults(self, parameters):
        """``parameters``, and the default of each input that is not among them."""
        inputs = [definition for definition in self.parameterDefinitions() if not definition.isDestination()]
        return {**{d.name(): d.defaultValue() for d in inputs if d.defaultValue() is not None}, **parameters}
