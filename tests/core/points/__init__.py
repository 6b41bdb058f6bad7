"""Tests of core/points."""
