"""The paper's training step as it is usually written, in numpy and, if importable, torch. Protocol: a line "names" asks for the peers there are; a line "peer mode steps" in, milliseconds of processor time per step out."""

import sys
import time

import numpy as np

D, K, DY, N, NOISE, LR = 100, 8, 15, 1024, 0.01, 0.3


def setup(seed=0, cond=1e3):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((D, D)))[0]
    spectrum = np.logspace(0, np.log10(cond), D)
    spectrum /= spectrum.mean()
    root = q * np.sqrt(spectrum) @ q.T
    trunk = np.linalg.qr(rng.standard_normal((D, K)))[0].T.copy()
    head = rng.standard_normal((DY, K))
    return rng, root, head @ trunk, rng.standard_normal((K, D)) / np.sqrt(D)


class Numpy:
    name = "numpy"

    def __init__(self):
        self.rng, self.root, self.map, self.g = setup()
        self.x, self.y = self.batch()
        self.f = self.fit(self.x, self.y)

    def batch(self):
        x = self.rng.standard_normal((N, D)) @ self.root
        return x, x @ self.map.T + NOISE * self.rng.standard_normal((N, DY))

    def fit(self, x, y):
        z = x @ self.g.T
        return np.linalg.solve(z.T @ z, z.T @ y).T

    def step(self, x, y):
        residual = x @ self.g.T @ self.f.T - y
        gradient = (residual @ self.f).T @ x / N
        q = x.T @ x / N
        p = self.f.T @ self.f
        self.g -= LR * np.linalg.solve(p, np.linalg.solve(q, gradient.T).T)

    def explicit(self):
        self.step(*self.batch())
        self.f = self.fit(*self.batch())

    def fixed(self):
        self.step(self.x, self.y)
        self.f = self.fit(self.x, self.y)


class Torch:
    def __init__(self, torch, dtype, name):
        self.torch, self.dtype, self.name = torch, dtype, name
        torch.set_num_threads(1)
        _, root, map_, g = setup()
        as_tensor = lambda a: torch.tensor(a, dtype=dtype)
        self.root, self.map, self.g = as_tensor(root), as_tensor(map_), as_tensor(g)
        self.x, self.y = self.batch()
        self.f = self.fit(self.x, self.y)

    def batch(self):
        t = self.torch
        x = t.randn(N, D, dtype=self.dtype) @ self.root
        return x, x @ self.map.T + NOISE * t.randn(N, DY, dtype=self.dtype)

    def fit(self, x, y):
        z = x @ self.g.T
        return self.torch.linalg.solve(z.T @ z, z.T @ y).T

    def step(self, x, y):
        residual = x @ self.g.T @ self.f.T - y
        gradient = (residual @ self.f).T @ x / N
        q = x.T @ x / N
        p = self.f.T @ self.f
        solve = self.torch.linalg.solve
        self.g -= LR * solve(p, solve(q, gradient.T).T)

    explicit, fixed = Numpy.explicit, Numpy.fixed


peers = {"numpy": Numpy()}
try:
    import torch

    for name, dtype in (("torch f64", torch.float64), ("torch f32", torch.float32)):
        peers[name] = Torch(torch, dtype, name)
except ImportError:
    pass

for line in sys.stdin:
    if line.strip() == "names":
        print(",".join(peers), flush=True)
        continue
    name, mode, steps = line.strip().rsplit(" ", 2)
    run = getattr(peers[name], mode)
    start = time.process_time()
    for _ in range(int(steps)):
        run()
    print(1e3 * (time.process_time() - start) / int(steps), flush=True)
