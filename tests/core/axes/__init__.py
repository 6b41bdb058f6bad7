"""Tests of core/axes."""
