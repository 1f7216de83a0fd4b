"""The one place where the parts are put together: devices, a desk at work, its errands, the centre, the proof of papers."""
