"""What HR writes in their own chat or by SMS: read as a command, carried out, answered."""
