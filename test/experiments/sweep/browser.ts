import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/**
 * Opens a page in Chromium and evaluates an expression in it, over the debugging pipe (fd 3 and 4), until it is not falsy.
 * @throws after 30 s.
 */
export async function inBrowser(chromium: string, profile: string, url: string, expression: string): Promise<unknown> {
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
  const child = spawn(chromium, args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (result: Record<string, never>) => void>();
  let text = "";
  output.setEncoding("utf8").on("data", (data: string) => {
    text += data;
    const messages = text.split("\0");
    text = messages.pop()!;
    for (const message of messages) {
      const { id, result } = JSON.parse(message);
      waiting.get(id)?.(result);
    }
  });
  let last = 0;
  // biome-ignore lint/suspicious/noExplicitAny: the protocol's results are whatever was asked for.
  const ask = (method: string, params: object, sessionId?: string): Promise<any> =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  try {
    const { targetId } = await ask("Target.createTarget", { url });
    const { sessionId } = await ask("Target.attachToTarget", { targetId, flatten: true });
    for (let attempt = 0; attempt < 300; attempt++) {
      const { result } = await ask("Runtime.evaluate", { expression, returnByValue: true }, sessionId);
      if (result?.value) return result.value;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${expression} stays false`);
  } finally {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }
}
