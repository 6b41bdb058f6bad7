"""Tests of core/operators."""
