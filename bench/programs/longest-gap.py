# As longest-gap.cjs, for what py-spy does to its target.
import json
import os
import sys
import time

KEPT = 64
end = sys.argv[1]
print("ready", flush=True)
gaps = []
last = time.perf_counter()
until = last + 60
next_check = last + 0.02
while last < until:
    now = time.perf_counter()
    if now - last > 0.00005:
        gaps.append((now - last) * 1000)
        if len(gaps) >= 4096:
            gaps = sorted(gaps, reverse=True)[:KEPT]
    last = now
    if now < next_check:
        continue
    if os.path.exists(end):
        break
    last = time.perf_counter()
    next_check = last + 0.02
print(json.dumps(sorted(gaps, reverse=True)[:KEPT]), flush=True)
