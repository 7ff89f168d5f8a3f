"""Many records: answers come as they are made, a run can be stopped, one bad file stops nothing."""

import json
from pathlib import Path

import pytest

from evtech.billing.batch import Answer, Batch, sort_folder
from evtech.billing.check import CheckOptions
from evtech.billing.dossier import TARIFF, pasted
from evtech.errors import InputError
from tests.evtech.billing import example


def folder(place: Path, count: int) -> Path:
    (place / "deeper").mkdir()
    (place / "tariff.json").write_text(json.dumps(example.tariff()))
    (place / "photo.jpg").write_bytes(b"\xff\xd8")
    for i in range(count):
        (place / "deeper" / f"{i}.json").write_text(json.dumps(example.record() | {"id": f"C{i}"}))
    return place


def same(answer: Answer) -> Answer:
    return answer


def test_a_folder_is_sorted_by_content(tmp_path: Path) -> None:
    found = sort_folder(folder(tmp_path, 3))

    assert [path.name for path in found.records] == ["0.json", "1.json", "2.json"]
    assert [one.role for one in found.others] == [TARIFF]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        sort_folder(tmp_path)


def test_every_record_has_an_answer(tmp_path: Path) -> None:
    found = sort_folder(folder(tmp_path, 3))
    (tmp_path / "deeper" / "1.json").write_text('{"charging_periods": ')
    batch = Batch(found.records, found.others, CheckOptions())
    batch.run(same)

    assert [answer.result.result for answer in batch.take(10)] == ["mismatch", "error", "mismatch"]
    assert batch.finished and batch.done == batch.total == 3
    assert batch.take(10) == []


def test_a_file_of_several_records_names_their_places() -> None:
    text = json.dumps([example.record(), example.record()])
    batch = Batch([pasted(text, "text")], [pasted(json.dumps(example.tariff()), "t")], CheckOptions())
    batch.run(same)

    assert [answer.name for answer in batch.take(10)] == ["text", "text [1]"]


def test_a_stopped_run_keeps_what_is_done(tmp_path: Path) -> None:
    found = sort_folder(folder(tmp_path, 5))
    batch = Batch(found.records, found.others, CheckOptions())

    def stop_at_the_second(answer: Answer) -> Answer:
        if answer.name == "1.json":
            batch.cancel()
        return answer

    batch.run(stop_at_the_second)

    assert [answer.name for answer in batch.take(10)] == ["0.json", "1.json"]
    assert batch.finished and batch.is_cancelled
