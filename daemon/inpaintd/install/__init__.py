"""Install the editors' plug-ins, and tell which extras are installed."""
