"""The database itself: connections, schema, migrations, statements, encryption."""
