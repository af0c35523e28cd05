"""Sound of another machine: the card is on the desk, the calls are on the host."""
