"""Sample people who answer, ask, stay silent, opt out or leave, each in a manner of their own: for plays of time.

What they do depends on the seed and on what they are told, on nothing else; every act goes through a fake platform.
"""
