"""The road to accuracy: how many seconds after the start of a cold process each error is reached, by whom."""
