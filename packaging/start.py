"""The bundle's start: the same as ``python -m evtech``."""

import multiprocessing
import sys

from evtech.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
