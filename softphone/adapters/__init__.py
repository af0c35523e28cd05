"""One package a platform, and the interface they share."""
