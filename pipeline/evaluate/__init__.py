"""Scores a reader of articles against hand-coded gold; see docs/evaluation.md."""
