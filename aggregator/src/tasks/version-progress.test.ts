import { expect, test } from "vitest";
import { sampleTask } from "../http/testing/sample-data.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { TaskPorts } from "./ports.js";
import type { TaskConfig } from "./task-config.js";
import { VersionProgress } from "./version-progress.js";

/** Versions that the task has brought to the fleet when so many were committed, the last of them as the task's last. */
async function releasedBy(change: Partial<TaskConfig>, numVersions: number): Promise<readonly number[]> {
  const released: number[] = [];
  const record = (version: number): VersionRecord => ({ version }) as VersionRecord;
  const ports = {
    store: { getVersion: async (_: string, version: number) => record(version) },
    // No blob is there: a version that cannot be measured is still a version.
    blobs: { get: () => Promise.reject(new Error("none")) },
    counters: { count: () => undefined },
    logger: { error: () => undefined },
    emit: () => undefined,
    versionCommitted: async () => undefined,
    autopilot: { consider: async () => null },
    releases: { release: async (_: string, { version }: VersionRecord) => void released.push(version) },
  } as unknown as TaskPorts;
  const progress = new VersionProgress({ ...sampleTask(), ...change }, ports, () => undefined);
  for (let version = 2; version < 2 + numVersions; version += 1)
    await progress.committed(version, { isLast: version === 1 + numVersions });
  await progress.releaseLatest();
  return released;
}

test("versions are candidates: a task of which nothing else is said brings none to devices, not even its last", async () => {
  expect(await releasedBy({}, 5)).toEqual([]);
});

test("a task that releases every second version brings those to devices, and its last", async () => {
  expect(await releasedBy({ release: { everyVersions: 2 } }, 5)).toEqual([3, 5, 6]);
});
