"""Speed, memory and equality against what a user would pick instead, each with a floor."""
