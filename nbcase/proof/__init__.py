"""Papers that prove themselves: what their codes say, how files are signed, what both are held against, the verdict."""
