"""The fakes are judged against the platforms' published rules and, where there is one, an independent library."""
