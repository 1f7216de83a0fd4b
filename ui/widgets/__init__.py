"""Parts of the counter window, each drawn from the tokens of the theme."""
