"""Tests of core/zonal."""
