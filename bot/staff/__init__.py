"""People of HR: what each may see and do, and their passwords."""
