"""What runs as ``python -m keras_vis``?"""

from __future__ import annotations

import sys

from keras_vis.cli.main import main
from keras_vis.cli.start import ready

if __name__ == "__main__":
    ready()
    sys.exit(main())
