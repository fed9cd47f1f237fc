"""A user's own data: files are read, their columns understood, and what is to be predicted is made a problem."""
