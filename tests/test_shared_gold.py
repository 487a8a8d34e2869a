"""The development gold lies beside the repository; where it is there, the reader must hold its floors on it."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline.evaluate import run
from pipeline.extract import read_lines

SHARED = Path(os.environ.get("SARHAD_SHARED", Path(__file__).resolve().parents[2] / "shared"))
GOLD = SHARED / "eval" / "dev"
FLOORS = Path(__file__).parent / "eval_floors_shared.json"
pytestmark = pytest.mark.shared


def test_the_reader_holds_its_floors_on_the_development_gold(capsys: pytest.CaptureFixture[str]) -> None:
    code = run.main(["--gold", str(GOLD), "--floors", str(FLOORS), "--resamples", "0"])
    assert code == 0, capsys.readouterr().err


def test_every_answer_fits_the_contract_that_the_repository_ships() -> None:
    fixed = json.loads((SHARED / "contracts" / "extract_output.schema.json").read_text(encoding="utf-8"))
    shipped = run.ROOT / "pipeline" / "contracts" / "extract_output.schema.json"
    assert json.loads(shipped.read_text(encoding="utf-8")) == fixed
    lines = []
    for path in sorted(GOLD.glob("*.json")):
        article = json.loads(path.read_text(encoding="utf-8"))
        lines.append({key: article[key] for key in ("id", "text", "lang", "published") if article.get(key)})
    answers = read_lines(lines)
    assert [answer["id"] for answer in answers] == [line["id"] for line in lines]
    validator = Draft202012Validator(fixed)
    for line, answer in zip(lines, answers, strict=True):
        validator.validate(answer)
        for incident in answer.get("incidents", []):
            for item in incident["evidence"]:
                assert line["text"][item["start"] : item["end"]] == item["quote"]
