"""softphone: a terminal softphone and operator console for four telephony platforms."""

__version__ = "0.1.0"
