"""The field's own terms as plain values: no database, no network, no window."""
