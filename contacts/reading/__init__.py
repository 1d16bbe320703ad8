"""How files become rows: delimited text, and workbooks read by a child process. Imports nothing of Django."""
