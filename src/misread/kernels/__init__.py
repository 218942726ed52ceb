"""The numeric functions: free functions on arrays, compiled by Numba, each tested against an obvious reference."""
