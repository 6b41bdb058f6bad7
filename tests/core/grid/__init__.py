"""Tests of core/grid."""
