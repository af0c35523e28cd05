"""The Observer service: quality of WebRTC calls, live and past. Needs no other platform's code."""
