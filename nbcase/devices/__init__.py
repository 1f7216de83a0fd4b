"""Readers, scanners and cameras: bytes in, plain values out, every failure a sentence for the clerk.

Calls block for as long as the device takes and belong in a worker; only plain frozen values cross the seam, so
that a worker process can stand behind it.
"""
