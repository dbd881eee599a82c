"""What runs as ``python -m keras_vis``?"""

from __future__ import annotations

import sys

from keras_vis.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
