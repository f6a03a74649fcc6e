"""The pure engine: a talk and something heard give a new talk and what to say."""
