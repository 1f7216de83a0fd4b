"""Check the code of a paper without a network. Needs Python 3.11 or later and two packages: cbor2, cryptography.

    python verify.py "NB1:..." [--at YYYY-MM-DD]     a code as a scanner reads it, or "-" for one on standard input

Beside this file lies trust.json: who may sign, which papers were withdrawn, both signed by the centre. Compare the fingerprint of
the centre's key, printed with every answer, once with the one that the office published. One JSON line is printed; the exit code
is 0 for a paper that may be relied on, 1 for every other. Only the code is checked: compare the claims with the paper.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CHINA = timezone(timedelta(hours=8))
OLD = timedelta(days=7)
KINDS = {
    1: "acceptance-receipt", 2: "acceptance-receipt-80", 3: "residence-voucher", 4: "permit-confirmation", 5: "endorsement-slip",
    6: "one-time-notice", 7: "refusal", 8: "permit-recall", 9: "points-sheet",
}  # fmt: skip


def base45(text):
    numbers = [ALPHABET.index(sign) for sign in text]
    out = bytearray()
    for start in range(0, len(numbers), 3):
        group = numbers[start : start + 3]
        value = sum(number * 45**place for place, number in enumerate(group))
        out += value.to_bytes(len(group) - 1, "big")
    return bytes(out)


def is_signed(public_key, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def entries_of(trust, name):
    """The entries of a list whose sum and signature are right."""
    found = trust[name]
    head, entries = found["head"], found["entries"]
    text = json.dumps(sorted(entries.items()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    signed = "\n".join(("nbcase-publication-1", head["name"], str(head["revision"]), head["checksum"])).encode()
    if hashlib.sha256(text.encode()).hexdigest() != head["checksum"]:
        sys.exit("trust.json was changed: the sum of its list is wrong")
    if not is_signed(trust["centre_public_key"], signed, bytes.fromhex(head["signature"])):
        sys.exit("trust.json was changed: the centre has not signed it")
    return entries


def is_marked(states, name, document_id):
    marks = states.get(document_id[:4], {"salt": 0, name: ""})
    packed = base64.b64decode(marks[name])
    mark = hashlib.sha256("nbcase-paper-1:{}:{}".format(marks["salt"], document_id).encode()).digest()[:6]
    return any(packed[start : start + 6] == mark for start in range(0, len(packed), 6))


def judge(text, trust, at):
    text = text.strip("\r\n\t")
    link = re.match(r"https?://[^#]{1,300}#", text, re.IGNORECASE)
    text = unquote(text[link.end() :]) if link else text
    if not text.startswith("NB1:"):
        return {"verdict": "not_ours"}
    try:
        protected, _, payload, signature = cbor2.loads(base45(text[4:])).value
        header, claims = cbor2.loads(protected), cbor2.loads(payload)
        paper, key, algorithm = claims[-65537], header[4].hex(), header[1]
        document_id = str(UUID(bytes=claims[7]))
        issued, expires = claims[6], claims.get(4)
        said = {
            "kind": KINDS.get(paper[1], paper[1]), "number": paper[2], "name": paper[3], "document_tail": paper[4],
            "check_value": paper[5][:6].hex(), "station_code": claims[1], "copy": paper.get(7, 1), "specimen": paper.get(8, False),
            "issued": datetime.fromtimestamp(issued, CHINA).isoformat(),
            "valid_until": None if expires is None else datetime.fromtimestamp(expires - 1, CHINA).date().isoformat(),
        }  # fmt: skip
    except Exception:  # whatever was scanned
        return {"verdict": "altered"}
    issuers, states = entries_of(trust, "issuers"), entries_of(trust, "states")
    issuer = issuers.get(key)
    if issuer is None or issuer["state"] != "good" or issuer["algorithm"] != -8 or algorithm != -8:
        return {"verdict": "unknown_issuer"}
    if not is_signed(issuer["public_key"], cbor2.dumps(["Signature1", protected, b"", payload]), signature):
        return {"verdict": "forged"}
    moments = [datetime.fromisoformat(issuer[name]).timestamp() for name in ("since", "until")]
    if claims[1] != issuer["station_code"] or not moments[0] <= issued < moments[1]:
        return {"verdict": "forged"}
    day_end = datetime(at.year, at.month, at.day, tzinfo=CHINA) + timedelta(days=1)
    confirmed = is_marked(states, "confirmed", document_id)
    if is_marked(states, "revoked", document_id):
        verdict = "revoked"
    elif expires is not None and day_end.timestamp() > expires:
        verdict = "expired"
    elif paper.get(6) and not confirmed:
        verdict = "provisional"
    else:
        verdict = "valid"
    as_of = datetime.fromisoformat(states["as_of"]["at"])
    age = datetime.now(UTC) - as_of
    listed = {"as_of": as_of.isoformat(), "age_days": max(age.days, 0), "is_old": age > OLD}
    return {"verdict": verdict, "station": issuer["station"], "claims": said, "list": listed}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("code")
    parser.add_argument("--at", type=date.fromisoformat, default=datetime.now(CHINA).date())
    asked = parser.parse_args()
    trust = json.loads(Path(__file__).with_name("trust.json").read_text("utf-8"))
    answer = judge(sys.stdin.read() if asked.code == "-" else asked.code, trust, asked.at)
    answer["centre"] = hashlib.sha256(bytes.fromhex(trust["centre_public_key"])).hexdigest()[:16]
    print(json.dumps(answer, ensure_ascii=False, sort_keys=True))
    relied = answer["verdict"] == "valid" and not answer["list"]["is_old"] and not answer["claims"]["specimen"]
    return 0 if relied else 1


if __name__ == "__main__":
    sys.exit(main())
