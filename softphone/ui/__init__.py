"""The Textual console: shows the engine's state and sends it commands, nothing else."""
