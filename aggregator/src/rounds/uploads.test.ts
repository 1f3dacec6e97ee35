import {
  BLOCK_BYTES,
  blockRange,
  encodeUploadBlock,
  type DeviceId,
  type Report,
  type RoundId,
  type Sha256,
  type TaskId,
} from "@fedge/protocol";
import { expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import { Uploads } from "./uploads.js";

const roundId = "task-1" as RoundId;
const ana = "ana" as DeviceId;
const SIZE = 2 * BLOCK_BYTES + 1;
const IDLE_MS = 60_000;

function open() {
  const clock = new ManualClock();
  const whole: Uint8Array[] = [];
  const stalled: DeviceId[] = [];
  const listener = {
    complete: (_deviceId: DeviceId, body: Uint8Array) => void whole.push(body),
    stalled: (deviceId: DeviceId) => void stalled.push(deviceId),
  };
  return { clock, whole, stalled, uploads: new Uploads(roundId, { clock, idleMs: IDLE_MS, listener }) };
}

function report(hashDigit: string): Report {
  const update = { sha256: hashDigit.repeat(64) as Sha256, sizeBytes: SIZE, encoding: "float32" } as const;
  const metrics = { steps: 1, trainMs: 1, lossBefore: 1, lossAfter: 1 };
  const taskId = "task" as TaskId;
  return { type: "report", taskId, roundId, attempt: 1, baseVersion: 1, numExamples: 1, update, metrics };
}

/** A block of an update of which every byte is `value`. */
function block(index: number, value: number, attempt = 1): Uint8Array {
  const { start, end } = blockRange(SIZE, index);
  const body = new Uint8Array(end - start).fill(value);
  return encodeUploadBlock({ roundId, attempt, index, sizeBytes: SIZE, body });
}

test("an upload that is reported again goes on with the blocks that are missing", () => {
  const { uploads } = open();
  uploads.open(ana, report("a"));
  uploads.accept(ana, block(1, 7));

  expect(uploads.open(ana, report("a"))).toEqual([
    [0, 0],
    [2, 2],
  ]);
});

test("an update of another hash begins anew, without a block of the one before", () => {
  const { uploads, whole } = open();
  uploads.open(ana, report("a"));
  uploads.accept(ana, block(1, 7));

  expect(uploads.open(ana, report("b"))).toEqual([[0, 2]]);
  for (const index of [0, 1, 2]) uploads.accept(ana, block(index, 9));
  expect(whole).toEqual([new Uint8Array(SIZE).fill(9)]);
});

test("a block of another attempt is refused", () => {
  const { uploads } = open();
  uploads.open(ana, report("a"));

  expect(() => uploads.accept(ana, block(0, 1, 2))).toThrow("another attempt");
});

test("a device that sends nothing for the idle time loses its slot", () => {
  const { uploads, clock, stalled } = open();
  uploads.open(ana, report("a"));
  clock.advance(IDLE_MS);

  expect(stalled).toEqual([ana]);
  expect(() => uploads.accept(ana, block(0, 1))).toThrow("report first");
});
