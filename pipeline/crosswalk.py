"""Crosswalk: our event types in the terms of ACLED, PLOVER, GTD and UCDP, as SQL made from ``config/crosswalk``.

``python -m pipeline.crosswalk`` writes ``sql/rules/05_crosswalk.sql``; a test keeps the two in step.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pipeline import contract
from pipeline.errors import ConfigError
from pipeline.settings import CONFIG, load_yaml

SQL_FILE = contract.SQL_FOLDER / "rules" / "05_crosswalk.sql"
COLUMNS = (
    "event_type", "acled_event", "acled_sub_event", "acled_disorder", "acled_civilian_sub_event", "plover_event",
    "plover_mode", "gtd_attack", "gtd_attack_name", "gtd_weapon", "gtd_weapon_name", "gtd_suicide", "gtd_counts",
    "ucdp_covers",
)  # fmt: skip


def event_types() -> list[str]:
    """The event types of the contract, in its order."""
    check = next(text for text in contract.table("mention").checks if "event_type" in text)
    return list(check.split("'")[1::2])


def crosswalk_rows(folder: Path = CONFIG / "crosswalk") -> list[dict[str, object]]:
    """One row for each of our event types, with the columns of ``COLUMNS``.

    Raises:
        ConfigError: a type is missing or unknown, or a code is not in the code list of its file.
    """
    acled, plover, gtd, ucdp = (_load(folder / f"{name}.yml") for name in ("acled", "plover", "gtd", "ucdp"))
    return [_row(kind, folder, acled, plover, gtd, ucdp) for kind in event_types()]


def _load(path: Path) -> dict[str, Any]:
    content = load_yaml(path)
    for key in ("source", "codes", "types"):
        if not isinstance(content, dict) or key not in content:
            raise ConfigError(f"{path}: needs {key!r}")
    odd = set(event_types()) ^ set(content["types"])
    if odd:
        raise ConfigError(f"{path}: types must be those of the contract; differs in {', '.join(sorted(odd))}")
    return dict(content)


def _row(
    kind: str, folder: Path, acled: dict[str, Any], plover: dict[str, Any], gtd: dict[str, Any], ucdp: dict[str, Any]
) -> dict[str, object]:
    a, p, g = acled["types"][kind], plover["types"][kind], gtd["types"][kind]
    events = acled["codes"]["events"]
    civilian = a.get("against_civilians")
    _require(a["sub_event"] in events.get(a["event"], []), folder / "acled.yml", kind, a["sub_event"])
    _require(a["disorder"] in acled["codes"]["disorder"], folder / "acled.yml", kind, a["disorder"])
    _require(
        civilian is None or civilian in events["Violence against civilians"], folder / "acled.yml", kind, str(civilian)
    )
    _require(p["event"] in plover["codes"]["events"], folder / "plover.yml", kind, p["event"])
    modes = plover["codes"]["modes"].get(p["event"], [])
    _require(p["mode"] is None or p["mode"] in modes, folder / "plover.yml", kind, str(p["mode"]))
    _require(g["attack"] in gtd["codes"]["attack"], folder / "gtd.yml", kind, str(g["attack"]))
    _require(g["weapon"] in gtd["codes"]["weapon"], folder / "gtd.yml", kind, str(g["weapon"]))
    values = (
        kind, a["event"], a["sub_event"], a["disorder"], civilian, p["event"], p["mode"],
        g["attack"], gtd["codes"]["attack"][g["attack"]], g["weapon"], gtd["codes"]["weapon"][g["weapon"]],
        bool(g.get("suicide", False)), bool(g["counts"]), bool(ucdp["types"][kind]["covers"]),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _require(holds: bool, path: Path, kind: str, code: str) -> None:
    if not holds:
        raise ConfigError(f"{path}: types.{kind}: {code!r} is not in the code list of the file")


def crosswalk_sql(folder: Path = CONFIG / "crosswalk") -> str:
    """The SQL that makes the crosswalk: table macros ``crosswalk_table`` and ``gtd_word``, scalar ones for codes."""
    gtd, ucdp = _load(folder / "gtd.yml"), _load(folder / "ucdp.yml")
    rows = [[row[column] for column in COLUMNS] for row in crosswalk_rows(folder)]
    words = [
        [kind, word, rank, code, gtd["codes"][kind][code]]
        for kind in ("target", "weapon")
        for rank, (code, listed) in enumerate(gtd[f"{kind}s"].items())
        for word in listed
    ]
    precisions = " ".join(f"WHEN '{name}' THEN {code}" for name, code in ucdp["date_prec"].items())
    civilians = ", ".join(str(code) for code in ucdp["civilian_gtd_targets"])
    return "\n".join(
        [
            "-- What do ACLED, PLOVER, GTD and UCDP call the things that we name?",
            "-- Made from config/crosswalk by `python -m pipeline.crosswalk`; edit there.",
            "CREATE OR REPLACE MACRO crosswalk_table() AS TABLE",
            f"SELECT * FROM (VALUES\n{_values(rows)}\n) AS t({', '.join(COLUMNS)});",
            "",
            "CREATE OR REPLACE MACRO gtd_word() AS TABLE",
            f"SELECT * FROM (VALUES\n{_values(words)}\n) AS t(kind, word, rank, code, name);",
            "",
            "CREATE OR REPLACE MACRO gtd_target_code(target_words) AS (",
            "    SELECT first(w.code ORDER BY w.rank) FROM gtd_word() AS w",
            "    WHERE w.kind = 'target' AND list_contains(string_split(lower(target_words), ' '), w.word));",
            "",
            f"CREATE OR REPLACE MACRO ucdp_date_prec(precision) AS CASE precision {precisions} END;",
            f"CREATE OR REPLACE MACRO is_civilian_target(gtd_target) AS coalesce(gtd_target IN ({civilians}), false);",
            "",
        ]
    )


def _values(rows: list[list[object]]) -> str:
    return ",\n".join(f"    ({', '.join(_literal(value) for value in row)})" for row in rows)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def main() -> int:
    """Write the SQL file."""
    SQL_FILE.write_text(crosswalk_sql(), encoding="utf-8")
    sys.stdout.write("wrote sql/rules/05_crosswalk.sql\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
