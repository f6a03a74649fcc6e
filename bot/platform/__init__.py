"""What the process stands on: clock, log, YAML reader, the stop signal, a Redis of one's own."""
