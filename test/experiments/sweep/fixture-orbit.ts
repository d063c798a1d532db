/** Calls back with every point of a logistic orbit. */
export function orbit(rate: number, start: number, steps: number, each: (x: number, step: number) => void): void {
  let x: number = start;
  for (let step = 0; step < steps; step++) {
    x = rate * x * (1 - x);
    each(x, step);
  }
}
