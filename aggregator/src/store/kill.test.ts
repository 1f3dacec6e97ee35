import type { RoundId } from "@fedge/protocol";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEmbeddedStore } from "./embedded-store.js";
import { namesOf, sampleRound, sampleTaskConfig } from "./testing/sample-records.js";

const { taskId, model, roundId } = namesOf("killed");

/** Appends pairs of events until it is killed, and says the number of the last one after each acknowledgement. */
const WRITER = `
  const { openEmbeddedStore } = await import(${JSON.stringify(new URL("../../dist/store/embedded-store.js", import.meta.url))});
  const [directory, roundId] = process.argv.slice(1);
  const store = await openEmbeddedStore({ directory });
  let seq = (await store.getRound(roundId)).events.length;
  for (;;) {
    const pair = [seq, seq + 1].map((atMs) => ({ type: "reporting-expired", atMs }));
    await store.appendEvents(roundId, seq, pair);
    process.stdout.write(seq + 1 + "\\n");
    seq += 2;
  }
`;

/** Runs the writer and kills it, without warning, right after its `count`-th acknowledgement. Gives the last one. */
async function killAfter(directory: string, count: number): Promise<number> {
  const args = ["--input-type=module", "--eval", WRITER, directory, roundId satisfies RoundId];
  const writer = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Number(line);
    seen += 1;
    if (seen === count) writer.kill("SIGKILL");
  }
  if (writer.signalCode === null && writer.exitCode === null) await once(writer, "exit");
  return last;
}

describe("a store whose process is killed while it writes", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fedge-killed-"));
    const store = await openEmbeddedStore({ directory: join(directory, "database") });
    await store.createTask(sampleTaskConfig(taskId, model), 1000);
    await store.openRound(sampleRound({ taskId, model, roundId, deviceId: namesOf("killed").deviceId }));
    await store.close();
  }, 60_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("has every acknowledged event afterwards, and no half of a pair", { timeout: 90_000 }, async () => {
    const place = join(directory, "database");
    let acknowledged = -1;
    for (const count of [1, 137, 400]) acknowledged = Math.max(acknowledged, await killAfter(place, count));

    const store = await openEmbeddedStore({ directory: place });
    const events = (await store.getRound(roundId))?.events ?? [];
    await store.close();

    expect(acknowledged).toBeGreaterThanOrEqual(2 * (1 + 137 + 400) - 1);
    expect(events.length).toBeGreaterThan(acknowledged);
    expect(events.length % 2).toBe(0);
    expect(events.map((event) => event.atMs)).toEqual(events.map((_event, index) => index));
  });
});
