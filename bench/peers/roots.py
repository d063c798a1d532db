"""Inverse roots as they are usually computed. Protocol: a line "mode n p repeats" in, milliseconds of processor time per call out (an empty line when unknown)."""

import sys
import time

import numpy as np

try:
    from scipy.linalg import eigh as scipy_eigh
except ImportError:
    scipy_eigh = None


def matrix(n, condition=1e3):
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return q * np.logspace(0, -np.log10(condition), n) @ q.T


def root(w, v, p, out):
    return np.matmul(v * w ** (-1 / p), v.T, out=out)


def main():
    for line in sys.stdin:
        mode, n, p, repeats = line.split()
        n, p, repeats = int(n), int(p), int(repeats)
        a = matrix(n)
        fortran, out = np.asfortranarray(a), np.empty((n, n))
        if mode == "scipy" and scipy_eigh:
            # Its quickest way: divide and conquer, in place, no check.
            call = lambda: root(*scipy_eigh(fortran.copy("F"), overwrite_a=True, check_finite=False, driver="evd"), p, out)
        elif mode == "numpy":
            call = lambda: root(*np.linalg.eigh(a), p, out)
        elif mode == "inv":
            call = lambda: np.linalg.inv(a)
        else:
            print(flush=True)
            continue
        call()
        start = time.process_time()
        for _ in range(repeats):
            call()
        print((time.process_time() - start) / repeats * 1e3, flush=True)


main()
