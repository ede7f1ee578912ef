"""The plumbing behind the lessons: it hides the event loop and nothing else."""
