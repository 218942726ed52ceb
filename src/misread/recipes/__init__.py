"""What the commands do, as lists of steps over the rooms below: the study, the ladder, train and evaluate."""
