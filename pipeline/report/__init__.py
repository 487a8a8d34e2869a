"""The report: a static site made from a release, readable without a network."""

from pipeline.report.build import build_report

__all__ = ["build_report"]
