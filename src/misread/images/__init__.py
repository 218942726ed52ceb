"""Pixels to pixels: decode a picture, bring it to a size, bend it, turn levels into grey."""
