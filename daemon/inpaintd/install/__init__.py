"""Install the editors' plug-ins and the optional libraries, and detect what is installed."""
