import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ModelName } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEmbeddedStore } from "../../store/embedded-store.js";

const NUM_DEVICES = 150;
const KEY = { model: "digits" as ModelName, version: 1, layoutSha256: "a".repeat(64), window: 7 };
const built = (path: string): string =>
  JSON.stringify(new URL(`../../../dist/${path}`, import.meta.url).href);

/**
 * Counts every device's window, twenty at a time, and says the device's number once it is acknowledged. Each device has a cell
 * of its own, and no rows. `batch` is the batch in whose transaction the process kills itself: after the receipts, before
 * the sums; 0 for none.
 */
const COUNTER = `
  const { openEmbeddedStore } = await import(${built("store/embedded-store.js")});
  const { WindowBatch } = await import(${built("drift/intake/window-batch.js")});
  const { ClearSums } = await import(${built("drift/sums/clear-sums.js")});
  const [directory, batch] = process.argv.slice(1);
  const { drift } = await openEmbeddedStore({ directory });
  let numBatches = 0;
  const store = {
    cohortsOf: (key) => drift.cohortsOf(key),
    countWindows: (receipts, changeOf) => {
      numBatches += 1;
      return drift.countWindows(receipts, (isNew) => {
        if (numBatches === Number(batch)) process.kill(process.pid, "SIGKILL");
        return changeOf(isNew);
      });
    },
  };
  const windows = new WindowBatch({ store, sums: new ClearSums() });
  const layout = { rows: { at: ${NUM_DEVICES}, size: 4 } };
  const count = async (device) => {
    const vector = new Uint32Array(${NUM_DEVICES + 4});
    vector[device] = 1;
    const key = ${JSON.stringify(KEY)};
    const one = { deviceId: "device-" + device, key, replicate: device % 4, cohorts: ["os=x"], vector, layout };
    await windows.count(one);
    process.stdout.write(device + "\\n");
  };
  let next = 0;
  const worker = async () => {
    while (next < ${NUM_DEVICES}) await count(next++);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  process.exit(0);
`;

interface Run {
  /** Kills itself in that batch's transaction. */
  readonly batch?: number;
  /** Is killed right after so many acknowledgements. */
  readonly acknowledgements?: number;
}

/** Runs the counter until it ends or is killed. Gives the devices that were told. */
async function runCounter(
  directory: string,
  { batch = 0, acknowledgements = Infinity }: Run,
): Promise<number[]> {
  const args = ["--input-type=module", "--eval", COUNTER, directory, String(batch)];
  const counter = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const told: number[] = [];
  for await (const line of createInterface({ input: counter.stdout })) {
    told.push(Number(line));
    if (told.length === acknowledgements) counter.kill("SIGKILL");
  }
  if (counter.signalCode === null && counter.exitCode === null) await once(counter, "exit");
  return told;
}

/** How often each device is in the sums, of the whole and of the cohort. */
async function countedIn(directory: string): Promise<number[][]> {
  const store = await openEmbeddedStore({ directory });
  const { sums } = await store.drift.sumsOf(KEY);
  await store.close();
  return ["", "os=x"].map((cohort) => {
    const own = sums.filter((sum) => sum.cohort === cohort);
    return Array.from({ length: NUM_DEVICES }, (_, device) =>
      own.reduce((sum, { vector }) => sum + (vector[device] as number), 0),
    );
  });
}

describe("a server that is killed between the receipt of windows and their sums", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-drift-killed-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test(
    "has every acknowledged window once, and none twice when all are sent again",
    { timeout: 240_000 },
    async () => {
      const place = join(directory, "database");
      const acknowledged = new Set<number>();
      // Every run begins with all devices again, as when the answers were lost.
      for (const run of [{ batch: 1 }, { acknowledgements: 45 }, { batch: 5 }]) {
        for (const device of await runCounter(place, run)) acknowledged.add(device);
        for (const counted of await countedIn(place)) {
          expect(Math.max(...counted)).toBeLessThanOrEqual(1);
          expect([...acknowledged].filter((device) => counted[device] !== 1)).toEqual([]);
        }
      }
      expect(acknowledged.size).toBeGreaterThan(0);
      expect(acknowledged.size).toBeLessThan(NUM_DEVICES);

      expect(await runCounter(place, {})).toHaveLength(NUM_DEVICES);
      const once = new Array<number>(NUM_DEVICES).fill(1);
      expect(await countedIn(place)).toEqual([once, once]);
    },
  );
});
