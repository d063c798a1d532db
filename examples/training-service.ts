// A service that trains on request: each request is worked off in a worker thread, the main thread stays free to answer.
// `npx tsx examples/training-service.ts` starts it, asks it twice at once, and stops it.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Activation, createOptimizer, Linear, Matrix, Sequential, SquaredError, Stream } from "layerwise";

interface Request {
  readonly x: number[][];
  readonly y: number[][];
  readonly method: string;
  readonly steps: number;
}

function train({ x: inputs, y: targets, method, steps }: Request): { loss: number; weights: number[][][] } {
  const [x, y] = [Matrix.from(inputs), Matrix.from(targets)];
  const stream = new Stream(0, "service");
  const network = new Sequential([
    new Linear(x.cols, 16, stream.child("in"), { name: "in" }),
    new Activation("tanh"),
    new Linear(16, y.cols, stream.child("out"), { name: "out" }),
  ]);
  const loss = new SquaredError();
  const optimizer = createOptimizer(method, network.parameters, { lr: 0.02 });
  for (let step = 0; step < steps; step++) {
    network.backward(loss.gradient(network.forward(x), y));
    optimizer.step();
  }
  return { loss: loss.value(network.forward(x), y), weights: network.parameters.map(({ value }) => value.toArrays()) };
}

// As JavaScript this is just `new Worker(new URL(import.meta.url))`; a thread that runs TypeScript has to register tsx first.
const program = `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(import.meta.url)})))`;

async function serve(): Promise<void> {
  const server = createServer(async (request, response) => {
    try {
      let body = "";
      for await (const part of request) {
        body += part;
        if (body.length > 1e6) throw new RangeError("the request is larger than 1 MB");
      }
      const worker = new Worker(program, { eval: true, workerData: JSON.parse(body) });
      const [result] = await once(worker, "message");
      response.end(JSON.stringify(result));
    } catch (error) {
      response.statusCode = 400;
      response.end(JSON.stringify({ error: (error as Error).message }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const x = Array.from({ length: 64 }, (_, i) => [Math.cos(i), Math.sin(2 * i)]);
  const ask = async (method: string) => {
    const body = JSON.stringify({ x, y: x.map(([a, b]) => [a! * b!]), method, steps: 200 });
    const answer = (await (await fetch(url, { method: "POST", body })).json()) as { loss?: number; error?: string };
    console.log(method, answer.loss ?? answer.error);
  };
  await Promise.all([ask("soap"), ask("muon"), ask("moun")]);
  server.close();
}

if (isMainThread) await serve();
else parentPort!.postMessage(train(workerData as Request));
