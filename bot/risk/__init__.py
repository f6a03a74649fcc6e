"""Who may be slipping away, and why: pure rules over what happened to one candidate."""
