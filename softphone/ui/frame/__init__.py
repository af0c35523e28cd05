"""What frames every screen: header, footer, the banner of ringing calls, the call bar."""
