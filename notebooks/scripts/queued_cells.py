"""Send four cells at once to a new Jupyter kernel, the first of them in asyncio.run.

usage: python queued_cells.py nest_asyncio|nest_asyncio2
"""

import subprocess
import sys
import time
from queue import Empty

from jupyter_client.manager import start_new_kernel

FIRST = "import asyncio; asyncio.run(asyncio.sleep(0.5))"
PATIENCE = 5  # seconds; each of the cells needs far less


def main(package):
    manager, kernel = start_new_kernel(stderr=subprocess.DEVNULL)
    try:
        kernel.execute_interactive(f"import {package}; {package}.apply()")
        cells = [kernel.execute(source) for source in (FIRST, "2", "3", "4")]
        finished, deadline = set(), time.monotonic() + PATIENCE
        while len(finished) < len(cells) and time.monotonic() < deadline:
            try:
                reply = kernel.get_shell_msg(timeout=0.2)
            except Empty:
                continue
            finished.add(reply["parent_header"]["msg_id"])
        for number, cell in enumerate(cells, start=1):
            state = "finished" if cell in finished else f"[*] still waiting after {PATIENCE} s"
            print(f"cell {number}: {state}")
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    if sys.argv[1:] not in (["nest_asyncio"], ["nest_asyncio2"]):
        sys.exit(__doc__)
    main(sys.argv[1])
