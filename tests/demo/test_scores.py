"""Invented points: the same for the same seed, and such as the desk makes again."""

from datetime import date

from nbcase.demo.people import people
from nbcase.demo.scores import scores
from nbcase.operations.schemes import shipped_catalogue
from nbcase.points.rows import records_from_plain
from nbcase.points.sheet import score

TODAY = date(2026, 11, 24)


def test_invented_points_are_repeated_by_the_seed_spread_out_and_scored_again_with_the_same_hash() -> None:
    catalogue = shipped_catalogue()
    residents = [person.resident for person in people(60, 7, TODAY, b"k" * 32)]
    made = list(scores(residents, 7, TODAY, catalogue))
    assert made == list(scores(residents, 7, TODAY, catalogue))
    assert made != list(scores(residents, 8, TODAY, catalogue))
    assert len({each.total for each in made}) > 20
    for each in made:
        assert score(catalogue, records_from_plain(catalogue.tables, each.records), each.on, each.district_code).hash == each.hash
