"""Start the daemon: in the foreground, in the background, at login."""
