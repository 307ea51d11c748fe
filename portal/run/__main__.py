import sys

from portal.run.launcher import main

sys.exit(main())
