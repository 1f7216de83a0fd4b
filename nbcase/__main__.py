"""`python -m nbcase VERB` is `nbcase VERB`."""

import sys

from nbcase.cli import main

if __name__ == "__main__":
    sys.exit(main())
