"""What comes out: features, footprints of chips, the closing report, names and styles of layers."""
