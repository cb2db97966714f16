"""usage: exits.py STATUS COMMAND...: runs a command and succeeds when it exits with exactly this status."""

import subprocess
import sys

status = subprocess.run(sys.argv[2:], check=False).returncode
if status != int(sys.argv[1]):
    sys.exit(f"exits.py: expected status {sys.argv[1]}, got {status}")
