"""What the held-out answers show: confusion, findings, suspects, and the images worth looking at."""
