"""What every algorithm of the provider has to offer, and the plugin's life."""

from qgis.core import QgsApplication, QgsProcessingParameterDefinition


def test_every_algorithm_has_texts_help_and_native_types(provider):
    native = {kind.id() for kind in QgsApplication.processingRegistry().parameterTypes()}
    assert provider.algorithms()
    for algorithm in provider.algorithms():
        assert algorithm.id().startswith("patchwise:")
        verb = algorithm.shortDescription().split()[0]
        assert verb.endswith("s") and verb[0].isupper(), algorithm.shortDescription()
        assert algorithm.shortHelpString() and algorithm.helpUrl().startswith("https://")
        assert algorithm.tags() and not algorithm.icon().isNull()
        assert algorithm.create().id() == algorithm.id()
        for definition in algorithm.parameterDefinitions():
            assert definition.help(), (algorithm.id(), definition.name())
            assert definition.type() in native


def test_the_parameters_are_those_of_the_issue(provider):
    algorithm = provider.algorithm("slidingwindow")
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    names = {d.name(): bool(d.flags() & advanced) for d in algorithm.parameterDefinitions()}
    assert names == {
        "INPUT": False, "BANDS": False, "EXTENT": False, "OPERATOR": False, "EXPRESSION": False, "INDEX": False,
        "BAND_ROLES": False, "RULES": False, "MODEL": False, "PYTHON": False, "AGGREGATION": False,
        "OTHER_INPUTS": True, "SCALE": True, "OFFSET": True, "SEVERITY": True, "NORMALIZE": True, "MEAN": True,
        "STD": True, "ACTIVATION": True, "FILL": True, "PROVIDER": True, "CHIP_SIZE": False, "STRIDE": False,
        "CHIP_WIDTH": True, "STRIDE_X": True, "WINDOW": False, "TUKEY_ALPHA": False, "GAUSSIAN_SIGMA": False,
        "CUSTOM_WINDOW": True, "BOUNDARY": False, "DATA_TYPE": False, "NODATA": False, "WORKERS": True,
        "CREATION_OPTIONS": True, "OUTPUT": False, "COVERAGE": False,
    }  # fmt: skip
    defaults = {d.name(): d.defaultValue() for d in algorithm.parameterDefinitions()}
    assert (defaults["CHIP_SIZE"], defaults["STRIDE"], defaults["WINDOW"]) == (256, 128, "hann")
    assert (defaults["OPERATOR"], defaults["AGGREGATION"]) == ("expression", "overlapadd")
    assert (defaults["BOUNDARY"], defaults["DATA_TYPE"], defaults["EXPRESSION"]) == ("shift", "float32", "b1")


def test_the_plugin_comes_and_goes(qgis_app, qgis_iface):
    import patchwise

    registry = QgsApplication.processingRegistry()
    plugin = patchwise.classFactory(qgis_iface)
    plugin.initGui()
    assert registry.algorithmById("patchwise:slidingwindow") is not None
    plugin.unload()
    assert registry.providerById("patchwise") is None
    plugin.unload()  # a second time does no harm
