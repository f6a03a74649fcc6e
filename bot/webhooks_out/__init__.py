"""Events on their way to the company's own systems: signed, to public addresses only, again and again until taken."""
