"""The engine: the one place where models are run."""
