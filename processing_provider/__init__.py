"""The Processing provider: algorithms that translate between QGIS and the core, and do nothing else."""
