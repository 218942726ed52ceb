"""One reader per format: each makes a Dataset of what it finds, or says what is wrong."""
