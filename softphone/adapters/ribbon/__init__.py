"""Ribbon WebRTC Gateway: REST, a notification socket, and WebRTC media."""
