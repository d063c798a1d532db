import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path && existsSync(path),
);

export const hasChromium = executablePath !== undefined;

/** What tests in a browser are called: says why they are skipped where they are. */
export const inChromium = (what: string) =>
  hasChromium ? what : `${what} (skipped: no Chromium; install it, as by apt-get install chromium, or name it in CHROMIUM)`;

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

/** A page that keeps what it asked for and complained about. */
export interface Watched {
  readonly page: Page;
  /** Addresses that it asked for. */
  readonly requests: string[];
  /** Errors and warnings in its console, violations of its policy among them. */
  readonly complaints: string[];
}

/** Opens an address in a window of its own, without a network unless `online`. */
export async function open(
  browser: Browser,
  url: string,
  { width = 1200, height = 900, online = false, touch = false } = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width, height }, offline: !online, hasTouch: touch });
  const page = await context.newPage();
  const [requests, complaints]: string[][] = [[], []];
  page.on("request", (request) => requests!.push(request.url()));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints!.push(message.text());
  });
  page.on("pageerror", (error) => complaints!.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints!.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, requests: requests!, complaints: complaints! };
}

/** How many pixels the page is wider than its window. */
export const overflow = (page: Page) => page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
