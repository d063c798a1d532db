"""numpy's side of random.ts: for every line "kind n repeats" on stdin answers with the nanoseconds of
processor time per number."""

import sys
import time

import numpy as np

philox = np.random.Generator(np.random.Philox(1))
pcg = np.random.Generator(np.random.PCG64(1))
draw = {
    "version": lambda out: None,
    "philox": lambda out: philox.standard_normal(out=out),
    "pcg64": lambda out: pcg.standard_normal(out=out),
    "float32": lambda out: philox.standard_normal(out=out, dtype=np.float32),
    "gamma": lambda out: philox.standard_gamma(2.5, out=out),
}
for line in sys.stdin:
    kind, n, repeats = line.split()
    if kind == "version":
        print(np.__version__, flush=True)
        continue
    out = np.empty(int(n), dtype=np.float32 if kind == "float32" else np.float64)
    draw[kind](out)
    start = time.process_time_ns()
    for _ in range(int(repeats)):
        draw[kind](out)
    print((time.process_time_ns() - start) / int(repeats) / int(n), flush=True)
