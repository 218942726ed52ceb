"""Fit models and ask them about images that were held out; choose their parameters; say what is not enough."""
