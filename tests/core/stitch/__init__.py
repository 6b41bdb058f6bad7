"""Tests of core/stitch."""
