"""A model in one page that needs no server and no network."""

from misread.export.html.write import export_html, html_of

__all__ = ["export_html", "html_of"]
