"""The kill test: processes die at random, providers lie, and at the end every message has arrived once.

`python -m tests.system.chaos --kills 200`; `make chaos KILLS=200`. What is judged is what the providers really took, not
what we have written down.
"""
