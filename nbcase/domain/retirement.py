"""The centre's signed word that it holds everything that a retired desk ever did."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

PROOF_NAME = "retired.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementProof:
    """Count and tree hash of all acts, signed by the centre at `at`; readable by anybody who has the centre's key.

    It lies openly in the desk's folder: the window says it before anybody signs in, and nobody can any more.
    """

    format: Literal["nbcase-retirement-1"] = "nbcase-retirement-1"
    desk_id: str
    station_code: str
    window: str
    count: int
    digest: str
    at: str
    signature: str
    retired_by: str


def read_retirement(folder: Path) -> RetirementProof | None:
    """The proof in a desk's folder; None without one and for a file that is none."""
    try:
        return msgspec.json.decode((folder / PROOF_NAME).read_bytes(), type=RetirementProof)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
