"""Layout files: the shipped ones are right, and each mistake is refused with the file, the element and the mend."""

import pickle
from pathlib import Path

import pytest

from nbcase.documents.checks import check_layout
from nbcase.documents.layout import LayoutError, layout_codes, load_layout, read_layout
from nbcase.domain.resources import resource_path

HEAD = """
code = "slip"
title = "条子"
title_en = "Slip"
page = "A5"
"""
FIELDS = """
fields = [
  { key = "name", label = "姓名", label_en = "Name", sample = "赵试一", needed = true },
  { key = "rows", label = "材料", label_en = "Materials", kind = "rows", sample = [{ number = 1, what = "身份证" }] },
]
"""
NAME = '{ kind = "field", field = "name", label_width = 20, x = 10, y = 10, w = 80, h = 8 },'
GRID = """{ kind = "grid", id = "rows", field = "rows", header_height = 7, row_height = 7, x = 10, y = 30, w = 60, h = 40, columns = [
    { key = "number", label = "序号", label_en = "No.", width = 20 },
    { key = "what", label = "材料", label_en = "Material", width = 40 },
  ] },"""


def written(folder: Path, *elements: str, head: str = HEAD, fields: str = FIELDS) -> Path:
    """A layout file with these elements."""
    path = folder / "slip.toml"
    path.write_text(head + fields + "elements = [\n" + "\n".join(elements) + "\n]\n", "utf-8")
    return path


def only_problem(path: Path) -> LayoutError:
    (problem,) = check_layout(path)
    assert problem.file == path.name
    assert problem.mend
    return problem


@pytest.mark.parametrize("code", layout_codes())
def test_every_shipped_layout_is_right(code: str) -> None:
    assert check_layout(resource_path("documents") / f"{code}.toml") == ()
    assert load_layout(code).code == code


def test_the_papers_of_the_main_job_are_there() -> None:
    wanted = {
        "acceptance-receipt",
        "acceptance-receipt-80",
        "residence-voucher",
        "permit-confirmation",
        "one-time-notice",
        "endorsement-slip",
        "refusal",
    }
    assert wanted <= set(layout_codes())


def test_the_small_receipt_prints_the_same_fields_as_the_large_one() -> None:
    assert load_layout("acceptance-receipt-80").fields == load_layout("acceptance-receipt").fields


def test_a_right_file_has_no_problem(tmp_path: Path) -> None:
    assert check_layout(written(tmp_path, NAME, GRID)) == ()


def test_an_unknown_paper_is_refused_with_those_that_exist() -> None:
    with pytest.raises(LayoutError, match="permit-confirmation"):
        load_layout("passport")


def test_broken_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "slip.toml"
    path.write_text('code = "slip\n', "utf-8")
    assert "line 1" in only_problem(path).what


def test_an_unknown_page_is_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID, head=HEAD.replace("A5", "Letter")))
    assert "Letter" in problem.what


def test_an_unknown_kind_of_element_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, '{ kind = "barcode", x = 1, y = 1, w = 1, h = 1 },', GRID))
    assert problem.element == "elements[2] barcode"
    assert "qr" in problem.mend


def test_an_unknown_key_of_an_element_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME.replace("label_width", "labelwidth"), GRID))
    assert problem.element == "elements[1] field"
    assert "label_width" in problem.mend


def test_an_unknown_key_of_a_field_is_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID, fields=FIELDS.replace("needed", "required")))
    assert problem.element == "fields[1] name"
    assert "needed" in problem.mend


@pytest.mark.parametrize(
    "element",
    [
        '{ kind = "field", field = "nmae", label_width = 20, x = 10, y = 80, w = 80, h = 8 },',
        '{ kind = "text", text = "姓名 {nmae}", x = 10, y = 80, w = 80, h = 8 },',
        '{ kind = "line", when = "not nmae", x = 10, y = 80, w = 80, h = 0 },',
        '{ kind = "field", field = "name", text = "{nmae}", label_width = 20, x = 10, y = 80, w = 80, h = 8 },',
    ],
)
def test_an_unknown_field_is_refused_wherever_it_is_named(tmp_path: Path, element: str) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID, element))
    assert problem.element.startswith("elements[3]")
    assert "nmae" in problem.what


def test_a_grid_of_a_field_without_rows_is_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID, GRID.replace('"rows"', '"name"').replace("y = 30", "y = 90")))
    assert problem.element == "elements[3] name"
    assert "rows" in problem.mend


def test_a_declared_field_that_is_not_printed_is_refused(tmp_path: Path) -> None:
    assert only_problem(written(tmp_path, NAME)).element == "rows"


def test_a_field_declared_twice_is_refused(tmp_path: Path) -> None:
    fields = FIELDS.replace('key = "rows"', 'key = "name"')
    assert "name" in {problem.element for problem in check_layout(written(tmp_path, NAME, fields=fields))}


def test_an_unknown_style_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME.replace("label_width", 'style = "huge", label_width'), GRID))
    assert "huge" in problem.what
    assert "value" in problem.mend


def test_an_unknown_colour_is_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID, '{ kind = "line", colour = "gold", x = 1, y = 1, w = 9, h = 0 },'))
    assert "gold" in problem.what


def test_an_element_outside_the_page_is_refused_with_the_page_size(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME.replace("x = 10", "x = 100"), GRID))
    assert problem.element == "elements[1] name"
    assert "148 × 210" in problem.mend


def test_cells_that_overlap_are_refused_with_both_names(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID.replace("y = 30", "y = 17")))
    assert problem.element == "elements[1] name"
    assert "elements[2] rows" in problem.what


def test_cells_that_are_never_drawn_together_may_share_a_place(tmp_path: Path) -> None:
    one = '{ kind = "text", text = "甲", when = "name", x = 10, y = 80, w = 80, h = 8 },'
    assert check_layout(written(tmp_path, NAME, GRID, one, one.replace('"name"', '"not name"').replace("甲", "乙"))) == ()


def test_a_place_too_small_for_its_sample_is_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME.replace("w = 80", "w = 27"), GRID))
    assert problem.element == "elements[1] name"
    assert "赵试一" in problem.mend


def test_columns_that_do_not_fill_their_grid_are_refused_with_both_sums(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, GRID.replace("width = 40", "width = 30")))
    assert "50" in problem.what
    assert "60" in problem.what


def test_an_element_below_one_that_comes_later_is_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME.replace("x = 10", 'below = "rows", x = 10'), GRID))
    assert problem.element == "elements[1] name"


def test_fields_taken_over_from_a_paper_that_is_not_there_are_refused(tmp_path: Path) -> None:
    problem = only_problem(written(tmp_path, NAME, fields='same_fields_as = "gone"\n'))
    assert problem.mend


def test_a_layout_error_survives_the_way_back_from_a_worker_process(tmp_path: Path) -> None:
    with pytest.raises(LayoutError) as caught:
        read_layout(written(tmp_path, NAME.replace("label_width", "labelwidth")))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.file, again.element, str(again)) == (caught.value.file, caught.value.element, str(caught.value))
