"""`python -m softphone` is the same as `softphone`."""

import sys

from softphone.cli.main import main

sys.exit(main())
