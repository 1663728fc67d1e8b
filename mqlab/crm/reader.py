"""The process that reads a large file while its import writes what was read."""

from __future__ import annotations

import gc

from mqlab.crm.reading import read
from mqlab.worker import serve

if __name__ == "__main__":
    gc.disable()
    serve(read)
