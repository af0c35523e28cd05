"""What both ends of a WebRTC leg need: SDP, ICE and DTLS-SRTP, RTP, Opus, telephone events."""
