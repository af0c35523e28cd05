"""The language of the product: calls, presence, contacts, events, commands. Pure."""
