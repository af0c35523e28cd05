"""The embedded lab: the server sides of the platforms, with bots to call."""
