"""Looking at what is stored: is all of it there and whole, what differs, how much is it."""
