import { createRandom } from "@fedge/protocol";
import { expect, test } from "vitest";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { ManualClock } from "../../testing/manual-clock.js";
import { DeviceMemory, type DeviceMemoryParts } from "./device-memory.js";

test("a memory that closes waits until what was counted of erased rows is erased, too", async () => {
  const order: string[] = [];
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const memory = new DeviceMemory({
    ports: { store: createMemoryByteStore(), clock: new ManualClock(), random: createRandom("memory") },
    options: {},
    ...{ explaining: () => undefined, listener: () => null, onChange: () => undefined },
    onErasing: () => Promise.resolve(),
    onErased: async () => {
      for (let turn = 0; turn < 20; turn += 1) await settled();
      order.push("counts erased");
    },
    onError: (error: unknown) => order.push(String(error)),
  } as unknown as DeviceMemoryParts);
  await memory.restore();
  const erasing = memory.view.erase();
  await memory.close();
  order.push("closed");
  await erasing;

  expect(order).toEqual(["counts erased", "closed"]);
});
