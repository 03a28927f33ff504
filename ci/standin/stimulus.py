"""Makes something happen at the stand-in, for the suite's `--stimulus command=...`.

Reads VESTIBULE_EVENT, VESTIBULE_STATE (1 if unset) and VESTIBULE_REASON (none if unset), and asks
the control port at STANDIN_CONTROL. Exits with 0 when it is done, with 1 and a message when the
device does not know what was asked, with 2 when it could not be asked.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 10


def main() -> int:
    """Hands the environment's stimulus to the device."""
    control, event = os.environ.get("STANDIN_CONTROL"), os.environ.get("VESTIBULE_EVENT")
    if not control or not event:
        print("stimulus: set STANDIN_CONTROL and VESTIBULE_EVENT", file=sys.stderr)
        return 2
    state = os.environ.get("VESTIBULE_STATE") or "1"
    wanted = {
        "event": event,
        "state": int(state) if state in ("0", "1") else state,
        "reason": os.environ.get("VESTIBULE_REASON", ""),
    }
    # The control port is on this machine; no proxy of the environment leads to it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(control, json.dumps(wanted).encode(), timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        print(f"stimulus: {json.load(error).get('error')}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"stimulus: {control} could not be asked: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
