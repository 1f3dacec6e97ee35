import { FedgeError } from "@fedge/protocol";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const FOLD = new URL("../../aggregation/fold.js", import.meta.url).href;

/**
 * One update buffer serves every device, so that what grows is the fold or nothing. On Linux the peak is read from
 * /proc: the one that `getrusage` gives still holds the size of the parent that the process was forked from.
 */
const PROGRAM = `
const { existsSync, readFileSync } = await import("node:fs");
const [numParameters, numUpdates] = process.argv.slice(1).map(Number);
const { FixedPointFold } = await import(${JSON.stringify(FOLD)});
const bounds = { numParameters, maxNorm: 1e4, maxExamplesPerDevice: 1000, maxCohortSize: 1000 };
const fold = new FixedPointFold(bounds);
const values = new Float32Array(numParameters).fill(0.01);
const body = new Uint8Array(values.buffer);
for (let index = 0; index < numUpdates; index += 1) {
  values[index % numParameters] += 1e-3;
  fold.add(body, "float32", 1 + index);
}
fold.mean();
const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
const peak = /^VmHWM:\\s*(\\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
process.stdout.write(String(peak));
`;

/** Largest resident size, in bytes, of a new process that folds so many float32 updates and takes their mean. */
export async function measurePeakBytes(cohort: {
  readonly numParameters: number;
  readonly numUpdates: number;
}): Promise<number> {
  const flags = ["--input-type=module", "--eval", PROGRAM, "--"];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    `${cohort.numParameters}`,
    `${cohort.numUpdates}`,
  ]);
  const kibibytes = Number(stdout);
  if (kibibytes > 0) return 1024 * kibibytes;
  throw new FedgeError("INTERNAL", `a process that folds reported "${stdout}" as its memory`);
}
