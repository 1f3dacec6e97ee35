import { FedgeError } from "@fedge/protocol";
import { expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import type { ByteStore } from "../ports/storage.js";
import { SessionNumbers } from "./session-number.js";

const silent = (): void => undefined;
const atSecond = (second: number) => ({ nowMs: () => second * 1000 });

function fullStore(code: "STORAGE_FULL" | "STORAGE_FAILED" = "STORAGE_FULL"): ByteStore {
  return { ...createMemoryByteStore(), put: () => Promise.reject(new FedgeError(code, "no")) };
}

test("session numbers rise from session to session and from start to start, also when the clock is set back", async () => {
  const store = createMemoryByteStore();
  const first = new SessionNumbers(store, atSecond(1000), silent);
  const numbers = [await first.next(), await first.next()];
  numbers.push(await new SessionNumbers(store, atSecond(5), silent).next());

  expect(numbers).toEqual([1000, 1001, 1002]);
});

test("session numbers rise where there is no room to keep them, which is told", async () => {
  const told: unknown[] = [];
  const store = fullStore();
  const first = new SessionNumbers(store, atSecond(1000), (error) => told.push(error));
  const numbers = [await first.next(), await first.next()];
  numbers.push(await new SessionNumbers(store, atSecond(1060), silent).next());

  expect(numbers).toEqual([1000, 1001, 1060]);
  expect(told).toMatchObject([{ code: "STORAGE_FULL" }, { code: "STORAGE_FULL" }]);
});

test("a store that does not work at all begins no session", async () => {
  const numbers = new SessionNumbers(fullStore("STORAGE_FAILED"), atSecond(1), silent);

  await expect(numbers.next()).rejects.toMatchObject({ code: "STORAGE_FAILED" });
});
