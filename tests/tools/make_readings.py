"""Makes `resources/reference/readings.tsv` from pypinyin: `python -m tests.tools.make_readings`.

pypinyin takes 0.13 s and 56 MB to import; the counters need one toneless reading for each character only, so the
table is made once here and read back by `nbcase.domain.readings`. Run it again after an update of pypinyin.
"""

from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

from pypinyin import lazy_pinyin
from pypinyin.pinyin_dict import pinyin_dict

TARGET = Path(__file__).parents[2] / "resources/reference/readings.tsv"

HEADER = """\
# One reading (toneless, ü written v) a line, then all characters that are read so: {count} characters.
# Derived from pypinyin {version}, MIT, see READINGS-LICENSE.txt; made by tests/tools/make_readings.py.
"""


def readings() -> dict[str, list[str]]:
    """Characters by their commonest reading, both in a stable order."""
    by_reading: defaultdict[str, list[str]] = defaultdict(list)
    for code_point in sorted(pinyin_dict):
        character = chr(code_point)
        by_reading[lazy_pinyin(character)[0]].append(character)
    return dict(sorted(by_reading.items()))


def table() -> str:
    """The whole file's text."""
    lines = [f"{reading}\t{''.join(characters)}\n" for reading, characters in readings().items()]
    return HEADER.format(count=len(pinyin_dict), version=version("pypinyin")) + "".join(lines)


if __name__ == "__main__":
    TARGET.write_text(table(), encoding="utf-8", newline="\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
