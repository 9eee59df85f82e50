"""Loading: from names to files, from files to a pipeline on the device."""
