"""What a run leaves behind: plain data in a folder, and how it came about."""
