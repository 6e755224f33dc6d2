"""Pure rules of what every app shares: names, dates, phone numbers, likely duplicates. Nothing here reads a database."""
