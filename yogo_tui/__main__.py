"""`python -m yogo_tui` is `yogo-tui`."""

import sys

from yogo_tui.entry import main

sys.exit(main())
