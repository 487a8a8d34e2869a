"""Which articles are copies of one another: MinHash over word 3-grams (Broder 1997), estimated Jaccard similarity."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from rensa import RMinHash

from pipeline.clean.language import SAME_LETTERS

PERMUTATIONS = 128
SEED = 20240116
SHINGLE = 3
WORD = re.compile(r"\w+")


def signature(text: str) -> list[int] | None:
    """MinHash of a text; None where it has fewer words than a shingle."""
    words = WORD.findall(text.lower().translate(SAME_LETTERS))
    if len(words) < SHINGLE:
        return None
    shingles = {" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}
    sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    sketch.update(sorted(shingles))
    return [int(value) for value in sketch.digest()]


def mark_copies(articles: pl.DataFrame, similarity: float) -> pl.DataFrame:
    """Set ``copy_of`` of every article to the earliest one that it copies, itself no copy; null for originals.

    Earliest is by publication, then by when it could be seen, then by id. The order of the rows does not matter
    and is kept.
    """
    order = articles.select(
        "article_id", "minhash", pl.coalesce("published_at", "seen_at").alias("at"), "seen_at"
    ).sort("at", "seen_at", "article_id")
    originals: list[str] = []
    sketches = np.zeros((articles.height, PERMUTATIONS), dtype=np.int64)
    copy_of: dict[str, str | None] = {}
    for article_id, minhash in order.select("article_id", "minhash").iter_rows():
        if minhash is None or len(minhash) != PERMUTATIONS:
            copy_of[article_id] = None
            continue
        sketch = np.asarray(minhash, dtype=np.int64)
        alike = (sketches[: len(originals)] == sketch).mean(axis=1) >= similarity
        first = int(alike.argmax()) if alike.any() else None
        copy_of[article_id] = None if first is None else originals[first]
        if first is None:
            sketches[len(originals)] = sketch
            originals.append(article_id)
    marks = pl.DataFrame(
        {"article_id": list(copy_of), "copy_of": list(copy_of.values())},
        schema={"article_id": pl.String, "copy_of": pl.String},
    )
    return (
        articles.drop("copy_of")
        .join(marks, on="article_id", how="left", maintain_order="left")
        .select(articles.columns)
    )
