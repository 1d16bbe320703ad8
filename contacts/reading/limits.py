"""What a file may hold at most. Shared by the reader and its child process."""

MAX_BYTES = 200 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_CELL = 1_000_000  # characters; Excel's own limit is 32,767
MAX_RECORD = 2_000_000  # characters of all cells of a row, so that no row fills the memory of its reader
