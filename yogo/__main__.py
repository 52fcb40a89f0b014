"""`python -m yogo` is `yogo`."""

import sys

from yogo.cli import main

sys.exit(main())
