"""The program without a screen: `nbcase VERB … [--json]`. A face like the window: it asks, operations answer.

Exit codes: 0 done, 1 the answer is no (a wrong number, a check that failed), 2 wrong use, 3 something that a person has to mend.
"""

import os
import sys
from collections.abc import Sequence

from nbcase import __version__
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr, use_language
from nbcase.verbs import (
    MEND,
    NO,
    OK,
    Parser,
    Verb,
    Verbs,
    centre,
    counter,
    devices,
    items,
    lookups,
    papers,
    points,
    print_json,
    reports,
    rounds,
    sealed,
)

__all__ = ["MEND", "NO", "OK", "main"]


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb; what a person can mend is told in three parts on stderr, or as JSON."""
    use_language(_language_of(sys.argv[1:] if words is None else words))
    arguments = _parser().parse_args(words)
    if arguments.verb in LOGGING:
        from nbcase.logs import configure_logs

        configure_logs()
    try:
        verb: Verb = arguments.verb
        return verb(arguments)
    except UserError as error:
        if getattr(arguments, "json", False):
            print_json({"error": {"kind": type(error).__name__, "what": error.what, "safe": error.safe, "do": error.do}})
        else:
            print("\n".join(part for part in (error.what, error.safe, error.do) if part), file=sys.stderr)
        return MEND
    except BrokenPipeError:
        # The reader of our output has seen enough (`nbcase … | head`); a second error at exit is avoided.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _language_of(words: Sequence[str]) -> str:
    """The language that is asked for: known before the help texts are made."""
    first = Parser(add_help=False, allow_abbrev=False)
    first.add_argument("--language", default=os.environ.get("NBCASE_LANGUAGE", "zh"))
    language = first.parse_known_args(words)[0].language
    return language if language in LANGUAGES else "zh"


LANGUAGES = ("zh", "en")


def _parser() -> Parser:
    parser = Parser(prog="nbcase", description=tr("新居民办件：没有屏幕也能用的部分"))
    parser.add_argument("--version", action="version", version=f"nbcase {__version__}")
    parser.add_argument("--language", choices=LANGUAGES, default="zh")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, (verb, text, declare) in VERBS.items():
        each = verbs.add_parser(name, help=tr(text), description=tr(text))
        each.set_defaults(verb=verb)
        declare(each)
    return parser


VERBS: Verbs = {
    **counter.VERBS,
    **devices.VERBS,
    **sealed.VERBS,
    **centre.VERBS,
    **items.VERBS,
    **lookups.VERBS,
    **papers.VERBS,
    **points.VERBS,
    **reports.VERBS,
    **rounds.VERBS,
}

LOGGING = (centre.centre, counter.sync, counter.enrol, *(verb for verb, _, _ in sealed.VERBS.values()))
"""Verbs that write logs; the others need not load what makes them."""
