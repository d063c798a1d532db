"""Steps of the optimizers of steps.ts, in numpy and, if importable, torch. Protocol: a line "peer method n every precision milliseconds" in, milliseconds of processor time per step out (an empty line when unknown)."""

import sys
import time

import numpy as np

BATCH, GRADIENTS = 256, 4


class Numpy:
    matmul, eigh, inv, qr, outer_norm = np.matmul, np.linalg.eigh, np.linalg.inv, np.linalg.qr, np.linalg.norm
    sqrt, zeros_like, trace = np.sqrt, np.zeros_like, np.trace

    @staticmethod
    def array(a, precision):
        return a.astype(np.float64 if precision == "d" else np.float32)


def torch_backend():
    import torch

    torch.set_num_threads(1)

    class Torch:
        matmul, eigh, inv, qr, outer_norm = torch.matmul, torch.linalg.eigh, torch.linalg.inv, torch.linalg.qr, torch.linalg.norm
        sqrt, zeros_like, trace = torch.sqrt, torch.zeros_like, torch.trace

        @staticmethod
        def array(a, precision):
            return torch.tensor(a, dtype=torch.float64 if precision == "d" else torch.float32)

    return Torch


backends = {"numpy": lambda: Numpy, "torch": torch_backend}


class Run:
    """One parameter, n×n, with gradients (and for KFAC batches of inputs and output gradients) that take turns."""

    def __init__(self, b, n, every, precision):
        rng = np.random.default_rng(0)
        self.b, self.n, self.every, self.t = b, n, every, 0
        array = lambda *shape: b.array(rng.standard_normal(shape), precision)
        self.w = array(n, n)
        self.gradients = [array(n, n) for _ in range(GRADIENTS)]
        self.inputs = [array(BATCH, n) for _ in range(GRADIENTS)]
        self.outputs = [array(BATCH, n) for _ in range(GRADIENTS)]
        self.eye = b.array(np.eye(n), precision)
        zero = b.zeros_like(self.w)
        self.l, self.r, self.m, self.v = zero + 0, zero + 0, zero + 0, zero + 0
        self.left = self.right = None

    def root(self, a):
        values, vectors = self.b.eigh(a)
        return (vectors * values ** (-0.25)) @ vectors.T

    def shampoo(self, g):
        self.l = self.l * 0.99 + 0.01 * (g @ g.T)
        self.r = self.r * 0.99 + 0.01 * (g.T @ g)
        if (self.t - 1) % self.every == 0:
            scale = 1 - 0.99**self.t
            for side, a in (("left", self.l / scale), ("right", self.r / scale)):
                setattr(self, side, self.root(a + 1e-6 * self.b.trace(a) / self.n * self.eye))
        self.m = self.m * 0.9 + 0.1 * (self.left @ g @ self.right)
        self.w -= 1e-3 / (1 - 0.9**self.t) * self.m

    def kfac(self, g):
        x, d = self.inputs[self.t % GRADIENTS], self.outputs[self.t % GRADIENTS]
        self.l = self.l * 0.95 + 0.05 / BATCH * (d.T @ d)
        self.r = self.r * 0.95 + 0.05 / BATCH * (x.T @ x)
        if (self.t - 1) % self.every == 0:
            scale = 1 - 0.95**self.t
            a, b = self.r / scale, self.l / scale
            pi = self.b.sqrt(self.b.trace(a) / self.b.trace(b))
            self.left = self.b.inv(b + 1e-3**0.5 / pi * self.eye)
            self.right = self.b.inv(a + 1e-3**0.5 * pi * self.eye)
        self.m = self.m * 0.9 + self.left @ g @ self.right
        self.w -= 1e-3 * self.m

    def soap(self, g):
        if self.left is None:
            self.left, self.right = (self.b.eigh(a)[1] for a in (g @ g.T, g.T @ g))
        p = self.left.T @ g @ self.right
        self.m = self.m * 0.95 + 0.05 * p
        self.v = self.v * 0.95 + 0.05 * p * p
        scale = 1 - 0.95**self.t
        u = (self.m / scale) / (self.b.sqrt(self.v / scale) + 1e-8)
        self.w -= 1e-3 * (self.left @ u @ self.right.T)
        self.l = self.l * 0.95 + 0.05 * (g @ g.T)
        self.r = self.r * 0.95 + 0.05 * (g.T @ g)
        if (self.t - 1) % self.every == 0:
            moment = self.left @ self.m @ self.right.T
            self.left, self.right = (self.b.qr(a @ q)[0] for a, q in ((self.l, self.left), (self.r, self.right)))
            self.m = self.left.T @ moment @ self.right

    def muon(self, g):
        self.m = self.m * 0.95 + 0.05 * g
        x = 0.95 * self.m + 0.05 * g
        x = x / (self.b.outer_norm(x) + 1e-7)
        for _ in range(5):
            a = x @ x.T
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
        self.w -= 1e-3 * x

    def step(self, method):
        self.t += 1
        getattr(self, method)(self.gradients[self.t % GRADIENTS])


known = {}
for line in sys.stdin:
    peer, method, n, every, precision, budget = line.split()
    n, every, budget = int(n), int(every), float(budget)
    key = (peer, method, n, every, precision)
    if peer not in backends:
        print(flush=True)
        continue
    if key not in known:
        try:
            run = Run(backends[peer](), n, every, precision)
        except ImportError:
            print(flush=True)
            continue
        start = time.process_time()
        for _ in range(every):
            run.step(method)
        periods = max(1, round(budget / 1e3 / max(time.process_time() - start, 1e-6)))
        known[key] = run, periods * every
    run, count = known[key]
    start = time.process_time()
    for _ in range(count):
        run.step(method)
    print(1e3 * (time.process_time() - start) / count, flush=True)
