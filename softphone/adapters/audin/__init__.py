"""Audin operator platform: presence WebSocket and one audio WebSocket a call."""
