"""Tests of core/rasters."""
