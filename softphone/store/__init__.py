"""SQLite: call records, notes, contacts, event journal."""
