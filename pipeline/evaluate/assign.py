"""Optimal one-to-one assignment of two small lists."""

from __future__ import annotations

from collections.abc import Sequence


def assign(gain: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column) that maximise the summed gain; pairs with no positive gain are left out.

    Hungarian method with potentials (Kuhn 1955, Munkres 1957), O(n^3) on the padded square matrix.
    """
    rows = len(gain)
    columns = len(gain[0]) if rows else 0
    if not rows or not columns:
        return []
    size = max(rows, columns)
    cost = [[-max(gain[i][j], 0.0) if i < rows and j < columns else 0.0 for j in range(size)] for i in range(size)]
    row_of = _solve(cost, size)
    pairs = [(row_of[j] - 1, j - 1) for j in range(1, size + 1)]
    return sorted((i, j) for i, j in pairs if i < rows and j < columns and gain[i][j] > 0)


def _solve(cost: list[list[float]], size: int) -> list[int]:
    """Row (1-based) assigned to each column (1-based; index 0 unused) at minimal cost."""
    infinity = float("inf")
    row_potential = [0.0] * (size + 1)
    column_potential = [0.0] * (size + 1)
    row_of = [0] * (size + 1)
    for row in range(1, size + 1):
        came_from = [0] * (size + 1)
        slack = [infinity] * (size + 1)
        done = [False] * (size + 1)
        row_of[0], column = row, 0
        while row_of[column]:
            done[column] = True
            current, step, following = row_of[column], infinity, 0
            for j in range(1, size + 1):
                if done[j]:
                    continue
                reduced = cost[current - 1][j - 1] - row_potential[current] - column_potential[j]
                if reduced < slack[j]:
                    slack[j], came_from[j] = reduced, column
                if slack[j] < step:
                    step, following = slack[j], j
            for j in range(size + 1):
                if done[j]:
                    row_potential[row_of[j]] += step
                    column_potential[j] -= step
                else:
                    slack[j] -= step
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return row_of
