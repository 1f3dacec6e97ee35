import type { ModelName, Sha256 } from "@fedge/protocol";
import { expect, test } from "vitest";
import { DEFAULT_INSTALL_POLICY } from "./default-policy.js";
import { InstallReports } from "./install-report.js";
import { step } from "./install-machine.js";
import {
  NOTHING_INSTALLED,
  tokenOf,
  type InstallEvent,
  type InstallGoal,
  type InstallRecord,
} from "./install-state.js";

const model = "digits" as ModelName;
const goalOf = (version: number): InstallGoal => ({
  ...{ version, releaseCounter: version, rolloutId: null, attempt: 1, policy: DEFAULT_INSTALL_POLICY },
  manifest: { sha256: `${version}`.repeat(64) as Sha256, sizeBytes: 1 },
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

function createWorld() {
  const world = { record: NOTHING_INSTALLED as InstallRecord, isOnline: false, sent: [] as string[] };
  const apply = (event: InstallEvent): void => void (world.record = step(world.record, event, 1000).record);
  const reports = new InstallReports({
    model,
    connection: {
      get isOnline() {
        return world.isOnline;
      },
      send: async (_, body) => {
        const { state, version } = body as { state: string; version: number };
        world.sent.push(`${state} ${version}`);
      },
    },
    mayReport: () => true,
    record: () => world.record,
    onReported: async (token) => apply({ type: "reported", token }),
    onError: (error) => {
      throw error;
    },
  });
  return { world, apply, reports };
}

test("the end of an attempt that was superseded out of touch is told before the next one's state, and each once", async () => {
  const { world, apply, reports } = createWorld();
  apply({ type: "wanted", goal: goalOf(1), isServed: false });
  apply({ type: "wanted", goal: goalOf(2), isServed: false });
  apply({ type: "wanted", goal: goalOf(2), isServed: false });
  reports.tell();
  await settle();
  expect(world.sent).toEqual([]);

  world.isOnline = true;
  reports.tell();
  await settle();
  reports.tell();
  await settle();

  expect(world.sent).toEqual(["canceled 1", "assigned 2"]);
});

test("a server that began anew is told again where the attempt stands", async () => {
  const { world, apply, reports } = createWorld();
  world.isOnline = true;
  apply({ type: "wanted", goal: goalOf(1), isServed: false });
  reports.tell();
  await settle();
  apply({ type: "accepted", token: tokenOf(world.record), release: null });
  reports.tell();
  await settle();
  reports.repeat();
  await settle();

  expect(world.sent).toEqual(["assigned 1", "downloading 1", "downloading 1"]);
});
