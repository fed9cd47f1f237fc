"""Which network for a user's own data: planned within a budget, trained in pairs, judged and put in words."""
