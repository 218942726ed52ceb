"""The page to review labels on: for this machine alone, and for who knows the address with its token."""
