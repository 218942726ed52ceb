"""The HTTP API and the page; needs the extra `serve`."""
