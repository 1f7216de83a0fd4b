"""A permit's paper with its signed code and the station's signature, beside the same paper bare.

Run as ``python -m tests.benchmarks.documents --json [--size PAPERS]``. The last part makes that many papers of different people in
one process, keeps none of them and says by how much the process grew after the first hundred (or after the first half of fewer).
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version

import psutil

from nbcase.crypto.certificates import CertifiedKey, certify, new_authority, new_private_key, signing_request
from nbcase.crypto.cose import Ed25519Signer
from nbcase.crypto.keys import new_signing_key
from nbcase.documents.layout import load_layout
from nbcase.documents.render import render
from nbcase.domain.ids import new_id
from nbcase.operations.issuing import About, claims_of
from nbcase.proof.claims import code_text, read_code
from nbcase.proof.pdf_signature import check_pdf, sign_pdf

LAYOUT = load_layout("permit-confirmation")
PLAIN = {key: value for key, value in LAYOUT.samples().items() if key not in ("qr_text", "check_value")}
MADE_AT = datetime(2026, 11, 24, 8, 21, tzinfo=UTC)
STATION = "骆驼街道演示服务站"


class Maker:
    """A desk's keys, and papers made with them."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.signer = Ed25519Signer(new_signing_key())
        self.authority = new_authority("benchmark", now)
        private = new_private_key()
        request = signing_request(private)
        until = now + timedelta(days=365)
        self.key = CertifiedKey(private, certify(self.authority, request, station=STATION, desk_id="desk", now=now, until=until))

    def bare(self, number: int) -> bytes:
        """The paper with a code that holds its number alone."""
        return render(LAYOUT, {**_values(number), "qr_text": f"{number:08}"}, specimen=True).pdf

    def with_code(self, number: int) -> bytes:
        """The paper with its signed code."""
        values = _values(number)
        about = About(
            document_id=new_id(), number=values["receipt_number"], name=values["name"], document_number=values["identity_number"],
            made_at=MADE_AT, valid_until_on=date(2027, 7, 19),
        )  # fmt: skip
        claims = claims_of(LAYOUT, values, about, station_code="330211-01", specimen=True)
        made = {"qr_text": code_text(claims, self.signer), "check_value": claims.check_value}
        return render(LAYOUT, {**values, **made}, specimen=True).pdf

    def signed(self, number: int) -> bytes:
        """The paper as a desk hands it out."""
        return sign_pdf(self.with_code(number), self.key, self.authority.certificate, station=STATION)


def _values(number: int) -> dict[str, str]:
    return {**PLAIN, "receipt_number": f"LT-26-{number:07}", "name": f"样{chr(0x4E00 + number % 20_000)}"}


def measure(count: int) -> dict[str, object]:
    """Milliseconds a paper, medians over the first of them; growth over `count` papers."""
    maker = Maker()
    rounds = min(count, 30)
    for make in (maker.bare, maker.with_code, maker.signed):
        make(0)
    bare, code, signed = (_median(make, rounds) for make in (maker.bare, maker.with_code, maker.signed))
    pdf = maker.signed(1)
    check = _median(lambda _: check_pdf(pdf, [maker.authority.certificate], [maker.key.certificate]), rounds)
    text = code_text(claims_of(LAYOUT, {**PLAIN}, _about(), station_code="330211-01", specimen=True), maker.signer)
    reading = _median(lambda _: read_code(text).signed.holds(maker.signer.public_key), rounds)
    seconds, grown = _batch(maker, count)
    return {
        "name": "a permit's paper with code and signature",
        "figure": round(signed, 2),
        "unit": "ms",
        "yardstick": {"name": "the same paper with a bare number for a code, unsigned", "figure": round(bare, 2)},
        "ratio": round(signed / bare, 2),
        "wanted_ms": 60,
        "with_code_ms": round(code, 2),
        "check_signature_ms": round(check, 2),
        "check_code_ms": round(reading, 3),
        "batch": {"papers": count, "seconds": round(seconds, 2), "grown_mb": round(grown / 1e6, 1)},
        "sizes": {"papers": count, "bytes": len(pdf), "code_signs": len(text)},
        "versions": {name: version(name) for name in ("reportlab", "segno", "pyhanko", "cryptography", "cbor2")},
    }


def _about() -> About:
    return About(document_id=new_id(), number="LT-26-1", name="阿依古丽·买买提", document_number="33029919900318204X", made_at=MADE_AT)


def _batch(maker: Maker, count: int) -> tuple[float, int]:
    process = psutil.Process()
    warm = min(100, count // 2)
    begun = time.perf_counter()
    before = process.memory_info().rss
    for number in range(count):
        maker.signed(number)
        if number == warm:
            before = process.memory_info().rss
    return time.perf_counter() - begun, max(0, process.memory_info().rss - before)


def _median(work: Callable[[int], object], rounds: int) -> float:
    times = []
    for number in range(rounds):
        begun = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--size", type=int, default=1_000, help="papers")
    print(json.dumps(measure(parser.parse_args(arguments).size), ensure_ascii=False))


if __name__ == "__main__":
    main()
