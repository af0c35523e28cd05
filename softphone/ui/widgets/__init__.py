"""Widgets of the console that know nothing of calls and accounts."""
