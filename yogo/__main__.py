"""`python -m yogo` is `yogo`."""

import sys

from yogo.entry import main

sys.exit(main())
