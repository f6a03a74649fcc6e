"""What we measure, one file a question, each beside its peer and its limit in one run."""
