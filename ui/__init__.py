"""The counter window: pages, widgets and the shell around them."""
