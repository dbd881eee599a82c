"""What is told of a command line that cannot be followed?"""

from __future__ import annotations


class UsageError(Exception):
    """An argument, a file or a value that cannot be taken; its one line."""
