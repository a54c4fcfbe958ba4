"""The functions of the top level, in a synchronous and an asynchronous form."""
