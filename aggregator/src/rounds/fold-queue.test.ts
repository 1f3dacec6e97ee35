import type { DeviceId, Report, RoundId, Sha256, TaskId } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { FoldSnapshotRef } from "./journal.js";
import { FoldQueue, type FoldQueueOptions } from "./fold-queue.js";
import type { Fold } from "./ports.js";

const [ana, bo] = ["ana", "bo"] as [DeviceId, DeviceId];
const sha256 = "a".repeat(64) as Sha256;
const body = Uint8Array.of(1);
const report: Report = {
  type: "report",
  taskId: "t" as TaskId,
  roundId: "r" as RoundId,
  attempt: 1,
  baseVersion: 1,
  numExamples: 3,
  update: { sha256, sizeBytes: 1, encoding: "float32" },
  metrics: { steps: 1, trainMs: 1, lossBefore: null, lossAfter: null },
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A fold that writes down what it is asked. */
function open(changes: Partial<FoldQueueOptions> & { readonly check?: Fold["check"] } = {}) {
  const said: string[] = [];
  let serial = 0;
  const fold = {
    check: changes.check ?? (() => Promise.resolve({ isFinite: true, l2Norm: 1 })),
    add: (numExamples: number) => Promise.resolve(void said.push(`add ${numExamples}`)),
    snapshot: (fileName: string): Promise<FoldSnapshotRef> =>
      Promise.resolve({ fileName, sha256: "0", sizeBytes: 8 }),
    forgetSnapshot: (fileName: string) => Promise.resolve(void said.push(`forget ${fileName}`)),
  } as unknown as Fold;
  const { check: _check, ...options } = changes;
  const queue = new FoldQueue(
    {
      fold,
      maxNorm: 10,
      sha256: () => sha256,
      nowMs: () => 0,
      folded: () => undefined,
      snapshotName: () => `s${(serial += 1)}`,
      counted: (updates, { fileName }) => {
        said.push(`counted ${updates.map(({ deviceId }) => deviceId).join(" ")} in ${fileName}`);
        return Promise.resolve(true);
      },
      refused: (deviceId) => void said.push(`refused ${deviceId}`),
      failed: (error) => void said.push(`failed ${String(error)}`),
      ...options,
    },
    null,
  );
  const arrive = async (deviceId: DeviceId): Promise<void> => {
    queue.hold(deviceId, body);
    queue.add(deviceId, report);
    await settled();
  };
  return { queue, said, arrive };
}

test("a snapshot is forgotten once the journal names the one after it", async () => {
  const { said, arrive } = open();
  await arrive(ana);
  await arrive(bo);

  expect(said).toEqual(["add 3", "counted ana in s1", "add 3", "counted bo in s2", "forget s1"]);
});

test("a snapshot that the journal still names is kept when the journal cannot be written", async () => {
  const answers = [true, false];
  const { said, arrive } = open({ counted: () => Promise.resolve(answers.shift() ?? false) });
  await arrive(ana);
  await arrive(bo);

  expect(said).toEqual(["add 3", "add 3"]);
});

test("an update that is checked while its round ends is not added to the next round's sum", async () => {
  let answer: () => void = () => undefined;
  const { queue, said, arrive } = open({
    check: () => new Promise((resolve) => (answer = () => resolve({ isFinite: true, l2Norm: 1 }))),
  });
  await arrive(ana);
  queue.close();
  answer();
  await settled();

  expect(said).toEqual([]);
});

test("an update above the norm is refused and the next one counted", async () => {
  const norms = [11, 10];
  const { said, arrive } = open({
    check: () => Promise.resolve({ isFinite: true, l2Norm: norms.shift() ?? 0 }),
  });
  await arrive(ana);
  await arrive(bo);

  expect(said).toEqual(["refused ana", "add 3", "counted bo in s1"]);
});
