"""Keys: who signed, who may open; everything in terms of `cryptography`, nothing home-made."""
