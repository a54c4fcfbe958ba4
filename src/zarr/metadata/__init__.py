"""Tools that work on metadata documents."""
