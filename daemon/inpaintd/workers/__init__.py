"""Worker processes: where pixels are opened."""
