"""A module that takes its time to import, as large libraries do on a small machine."""

import time

time.sleep(1.5)


def work(request: bytes) -> bytes:
    return request[::-1]
