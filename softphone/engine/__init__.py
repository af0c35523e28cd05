"""The engine: runs adapters, audio and store in one loop, apart from the console."""
