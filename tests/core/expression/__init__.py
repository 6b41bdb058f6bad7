"""Tests of core/expression."""
