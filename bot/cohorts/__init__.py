"""A training and its dates: how it is changed, announced and moved."""
