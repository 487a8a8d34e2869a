"""The command line: bad input gets a clear message and an exit code that means something."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = json.loads((ROOT / "pipeline/contracts/extract_output.schema.json").read_text(encoding="utf-8"))
ARTICLE = (
    "QUETTA: Two Levies men were killed and three others injured when unknown gunmen opened fire on a check post "
    "near Panjgur on Tuesday, officials said."
)


def sarhad(*arguments: str, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        env={"SARHAD_HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )


def test_extract_answers_line_by_line_in_order(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": "a", "text": ARTICLE, "published": "2024-01-17"}),
        "not json",
        json.dumps({"id": "b"}),
        json.dumps({"id": "c", "text": "The cricket board named its squad.", "published": "2024-01-17"}),
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("{}\n".join(["", ""]) + "\n".join(lines), encoding="utf-8")
    done = sarhad("extract", str(path), home=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 5
    for answer in answers:
        Draft202012Validator(SCHEMA).validate(answer)
    empty, a, broken, b, c = answers
    assert "error" in empty and "error" in b
    assert "in.jsonl:3" in broken["error"]
    assert a["id"] == "a" and a["relevant"] and a["incidents"][0]["killed"]["best"] == 2
    assert c["relevant"] is False and c["incidents"] == []
    for item in a["incidents"][0]["evidence"]:
        assert ARTICLE[item["start"] : item["end"]] == item["quote"]


def test_extract_takes_a_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    done = sarhad("extract", str(path), "--published", "2024-01-17", home=tmp_path)
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert answer["id"] == "note"
    assert answer["incidents"][0]["date"]["start"] == "2024-01-16"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run",), 2, "--day"),
        (("run", "--day", "17 January"), 2, "YYYY-MM-DD"),
        (("run", "--from", "2024-01-20", "--to", "2024-01-15"), 2, "after"),
        (("extract", "no_such_file.jsonl"), 2, "no such file"),
        (("explain", "inc_0000000000000000"), 1, "no such release"),
        (("sql", "-c", "SELECT 1"), 1, "no such release"),
    ],
)
def test_errors_say_what_to_do(arguments: tuple[str, ...], code: int, words: str, tmp_path: Path) -> None:
    done = sarhad(*arguments, home=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes("Zāhedān".encode("utf-16"))
    done = sarhad("extract", str(path), home=tmp_path)
    assert done.returncode == 2
    assert "UTF-8" in done.stderr and "old.txt" in done.stderr


def test_sources_are_listed_as_json(tmp_path: Path) -> None:
    done = sarhad("sources", "list", "--json", home=tmp_path)
    sources = json.loads(done.stdout)
    assert len(sources) >= 6
    assert {"en", "fa", "ur"} <= {source["language"] for source in sources}


def test_gazetteer_has_no_problem(tmp_path: Path) -> None:
    done = sarhad("places", "check", home=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "0 problems" in done.stderr
