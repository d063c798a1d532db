import { availableParallelism } from "node:os";

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do about it. */
  readonly cure?: string;
}

function nodeVersion(): Finding {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
  const ok = major > 20 || (major === 20 && minor >= 17);
  return { name: "node", ok, found: `${process.version} on ${process.platform}-${process.arch}`, cure: "install Node 20.17 or newer" };
}

/** The addon and the BLAS, with their own check at load replaced by the one below, which tells more. */
async function native(): Promise<Finding[]> {
  process.env.LAYERWISE_SKIP_SELF_CHECK = "1";
  let runtime: typeof import("../runtime.js");
  try {
    runtime = await import("../runtime.js");
  } catch (error) {
    return [{ name: "addon", ok: false, found: "not loaded", cure: (error as Error).message.replace(/^layerwise: /, "") }];
  }
  const blas = runtime.blasInfo();
  const report = runtime.selfCheck();
  return [
    { name: "addon", ok: true, found: "loaded" },
    { name: "blas", ok: true, found: blas.config },
    { name: "core type", ok: true, found: blas.coreType },
    { name: "threads", ok: true, found: `${blas.threads} threads for products, ${availableParallelism()} cores available` },
    ...report.checks.map(({ routine, error, limit, passed }) => ({
      name: `check ${routine}`,
      ok: passed,
      found: `error ${error.toPrecision(2)} n·ε against plain loops (at most ${limit})`,
    })),
    { name: "arithmetic", ok: report.passed, found: report.passed ? "correct" : "wrong", cure: report.message ?? undefined },
  ];
}

/** `layerwise doctor`: exit code 1 when something is wrong, with one line that says how to mend it. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const findings = [nodeVersion(), ...(await native())];
  const broken = findings.filter(({ ok }) => !ok);
  if (options.json) {
    console.log(
      JSON.stringify(
        { ok: broken.length === 0, findings: findings.map(({ cure, ...rest }) => (rest.ok ? rest : { ...rest, cure })) },
        null,
        2,
      ),
    );
  } else {
    const width = Math.max(...findings.map(({ name }) => name.length));
    for (const { name, ok, found } of findings) console.log(`${ok ? "ok  " : "BAD "} ${name.padEnd(width)}  ${found}`);
    const cure = broken.find((finding) => finding.cure)?.cure;
    console.log(broken.length === 0 ? "All is well." : cure);
  }
  return broken.length ? 1 : 0;
}
