"""Tests of core/chip_folder."""
