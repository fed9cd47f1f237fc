"""A study of a user's own data."""
