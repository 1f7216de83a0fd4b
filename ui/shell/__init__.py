"""The window around the pages: rail, top bar, status line, sign-in, and the one funnel for errors."""
