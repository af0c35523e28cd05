"""Samples into samples: codecs, resampling, jitter, tones, levels, devices."""
