"""How an array is cut into chunks, and how the chunks are called."""
