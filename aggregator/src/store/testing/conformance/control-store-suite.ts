import { FedgeError, type ModelName } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatabaseStore } from "../../drizzle-store.js";
import { describeDevices } from "./device-records-suite.js";
import { describeRounds } from "./round-records-suite.js";
import { StoreWorld } from "./store-world.js";
import { describeTasks } from "./task-records-suite.js";
import { describeVersions } from "./version-records-suite.js";

/**
 * What every control store does. One store serves all tests, each under names of its own.
 *
 * `open` is given two times the same store's place: the second instance is another aggregator on it, or the same
 * one where the place belongs to one process.
 */
export function describeControlStore(name: string, open: () => Promise<DatabaseStore>): void {
  describe(`control store on ${name}`, () => {
    const world = new StoreWorld(open);
    beforeAll(() => world.open(), 120_000);
    afterAll(() => world.close(), 60_000);

    describeTasks(world);
    describeRounds(world);
    describeVersions(world);
    describeDevices(world);

    test("errors are of the one class", async () => {
      await expect(world.store.release("no-such-model" as ModelName, 1, 1)).rejects.toBeInstanceOf(
        FedgeError,
      );
    });
  });
}
