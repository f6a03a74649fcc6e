"""What the pages and commands of HR show: rows read, joined and opened for one purpose each."""
