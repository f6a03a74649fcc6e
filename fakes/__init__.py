"""Stand-ins for the platforms keepwarm talks to; they judge bot/ and therefore never import it."""
