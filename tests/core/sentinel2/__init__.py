"""Tests of core/sentinel2."""
