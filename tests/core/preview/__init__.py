"""Tests of core/preview."""
