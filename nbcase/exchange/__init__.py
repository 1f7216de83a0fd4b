"""Department data in: monthly deliveries, checked as a whole, kept as they came, so that a past month can be scored again."""
