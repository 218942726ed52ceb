"""Photographs of handwriting, made up by a seed: real strokes, as ink on paper that a telephone photographs."""
