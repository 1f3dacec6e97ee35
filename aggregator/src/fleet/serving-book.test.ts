import type { DeviceId, ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { ServingChange } from "../store/port.js";
import { ServingBook } from "./serving-book.js";

/** A store whose writes end when the test says so. */
function slowStore() {
  const writes: { readonly changes: readonly ServingChange[]; readonly end: (error?: Error) => void }[] = [];
  const noteServing = (changes: readonly ServingChange[]): Promise<void> =>
    new Promise((resolve, reject) => {
      writes.push({ changes, end: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  return { writes, book: new ServingBook({ noteServing }) };
}

const serves = (device: string, model: string, version: number): ServingChange => ({
  deviceId: device as DeviceId,
  serving: { [model as ModelName]: { version, manifestSha256: null } },
  lastSeenAtMs: version,
});
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

test("what comes during a write goes into the next one, all together", async () => {
  const { writes, book } = slowStore();
  const first = book.note(serves("ana", "words", 2));
  await turn();
  const later = [book.note(serves("bo", "words", 2)), book.note(serves("chen", "words", 2))];
  writes[0]?.end();
  await first;
  await turn();
  writes[1]?.end();
  await Promise.all(later);

  expect(writes.map(({ changes }) => changes.map(({ deviceId }) => deviceId))).toEqual([
    ["ana"],
    ["bo", "chen"],
  ]);
});

test("a device's models of one write stand in one change, the newest word of each", async () => {
  const { writes, book } = slowStore();
  void book.note(serves("ana", "words", 2));
  void book.note(serves("ana", "emoji", 1));
  void book.note(serves("ana", "words", 3));
  await turn();

  const serving = {
    words: { version: 3, manifestSha256: null },
    emoji: { version: 1, manifestSha256: null },
  };
  expect(writes.map(({ changes }) => changes)).toEqual([[{ deviceId: "ana", serving, lastSeenAtMs: 3 }]]);
});

test("a write that fails is told to those who wait for it, and to nobody else", async () => {
  const { writes, book } = slowStore();
  const first = book.note(serves("ana", "words", 2));
  await turn();
  const second = book.note(serves("bo", "words", 2));
  writes[0]?.end(new Error("the disk is full"));
  await expect(first).rejects.toThrow("the disk is full");
  await turn();
  writes[1]?.end();

  await expect(second).resolves.toBeUndefined();
});
