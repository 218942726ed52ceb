"""A study as one offline HTML file."""

from misread.report.data import report_data, summary
from misread.report.page import render, suspects_csv, write_report

__all__ = ["render", "report_data", "summary", "suspects_csv", "write_report"]
