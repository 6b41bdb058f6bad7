"""Live pictures: weights, one chip, outlines on the map."""
