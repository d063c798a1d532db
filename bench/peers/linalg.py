"""The same routines in numpy and scipy, into memory that exists where they can. Protocol: a line "routine n precision milliseconds clock" in, nanoseconds per call out (an empty line when unknown)."""

import sys
import time

import numpy as np

try:
    import scipy.linalg as scipy
except ImportError:
    scipy = None


def prepare(routine, n, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, n, n)).astype(dtype)
    c = np.empty((n, n), dtype)
    s = (a @ a.T + np.eye(n)).astype(dtype)
    fortran = np.asfortranarray(s)
    x = rng.standard_normal((1024, n)).astype(dtype)
    known = {
        "gemm": lambda: np.matmul(a, b, out=c),
        "syrk": lambda: np.matmul(a, a.T, out=c),
        # numpy calls syrk for XᵀX and copies the triangle.
        "factor": lambda: np.matmul(x.T, x, out=c),
        "ema": lambda: np.add(c * 0.95, (x.T @ x) * (0.05 / 1024), out=c),
        "eigh": lambda: np.linalg.eigh(s),
        "cholesky": lambda: np.linalg.cholesky(s),
        "apply": lambda: np.matmul(s @ a, b, out=c),
        "polar": lambda: polar(a),
    }
    if scipy:
        known["scipy-eigh"] = lambda: scipy.eigh(fortran.copy("F"), overwrite_a=True, check_finite=False, driver="evd")
        known["scipy-cholesky"] = lambda: scipy.cholesky(fortran.copy("F"), lower=True, overwrite_a=True, check_finite=False)
    return known.get(routine)


def polar(g, steps=5):
    x = g / (np.linalg.norm(g) + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x


def milliseconds(call, count, clock):
    start = clock()
    for _ in range(count):
        call()
    return (clock() - start) / 1e6


known = {}
for line in sys.stdin:
    routine, n, precision, budget, clock = line.split()
    clock = time.perf_counter_ns if clock == "wall" else time.process_time_ns
    budget = float(budget)
    key = (routine, n, precision)
    if key not in known:
        call = prepare(routine, int(n), np.float64 if precision == "d" else np.float32)
        if not call:
            print(flush=True)
            continue
        call()
        count = 1
        while (ms := milliseconds(call, count, clock)) < budget / 2:
            count *= int(min(10, max(2, budget / max(ms, 1e-3))))
        known[key] = call, count
    call, count = known[key]
    print(1e6 * milliseconds(call, count, clock) / count, flush=True)
