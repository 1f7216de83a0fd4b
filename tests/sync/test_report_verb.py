"""`nbcase import-report`: looked at first, then taken in, the rest written out, and nothing twice."""

from pathlib import Path

from nbcase.verbs import NO
from tests.parts.desks import MakeDesk
from tests.parts.reports import FAULTS, good_row, write_csv
from tests.sync.test_sealed_verbs import said


def test_a_report_is_checked_taken_in_and_its_faulty_rows_written_out(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk("li")
    desk.sealed_log.close()
    rows = [good_row(place) for place in range(4)]
    FAULTS["no phone"](rows[3])
    path, faulty = write_csv(tmp_path / "report.csv", rows), tmp_path / "faulty.csv"
    words = ("import-report", str(path), "--folder", str(desk.folder), "--login", "li")
    looked = said(*words, "--check", code=NO)
    assert (looked["ready"], looked["faulty"], looked["accepted"]) == (3, 1, 0)
    assert looked["problems"] == [{"row": 5, "column": "phone", "what": "手机未填"}]
    done = said(*words, "--reporter", "样房东", "--faulty", str(faulty), code=NO)
    assert (done["ready"], done["faulty"], done["accepted"]) == (0, 1, 3)
    assert "手机未填" in faulty.read_text(encoding="utf-8-sig")
    again = said(*words, "--reporter", "样房东", code=NO)
    assert (again["known"], again["accepted"]) == (3, 0)
