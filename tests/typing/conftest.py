collect_ignore = ["program.py"]  # never run
