"""Invented names in the manner of several nations, with rare characters, homophones and names that occur twice."""

from random import Random

from nbcase.demo.chance import Weighted, pick
from nbcase.demo.material import HanNames, Nation

RARE_SHARE = 0.004
HOMOPHONE_SHARE = 0.01
SHORT_SHARE = 0.3


class Namer:
    """Makes names; draws only from the source it is given."""

    def __init__(self, han: HanNames) -> None:
        self._han = han
        # The order of the surnames is that of their frequency; the fiftieth is still a tenth as common as the first.
        weights = [1 / (3 + rank * 0.5) for rank in range(len(han.surnames))]
        self._surnames = Weighted(han.surnames, weights)

    def surname(self, random: Random, nation: Nation) -> str:
        """A family's name; empty for nations whose names have none in front."""
        if nation.style != "han":
            return pick(random, nation.second) if nation.second else ""
        return pick(random, nation.surnames) if nation.surnames else self._surnames.draw(random)

    def name(self, random: Random, nation: Nation, sex_code: str, family: str) -> str:
        """A whole name of one member of the family."""
        if nation.style == "han":
            return self._han_name(random, family, sex_code)
        own = pick(random, nation.male if sex_code == "1" else nation.female)
        if nation.style == "whole":
            return own
        return f"{family}·{own}" if nation.first_is_family else f"{own}·{family}"

    def homophone(self, random: Random) -> str:
        """A name of which others in the set sound the same."""
        return pick(random, pick(random, self._han.homophones))

    def _han_name(self, random: Random, family: str, sex_code: str) -> str:
        signs = self._han.male if sex_code == "1" else self._han.female
        given = pick(random, self._han.rare) if random.random() < RARE_SHARE else pick(random, signs)
        if random.random() >= SHORT_SHARE:
            given += pick(random, signs)
        return family + given
