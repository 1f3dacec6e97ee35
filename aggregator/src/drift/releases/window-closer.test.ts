import type { DeviceId } from "@fedge/protocol";
import { expect, test } from "vitest";
import { memoryDriftStore } from "../testing/memory-drift-store.js";
import { openDriftForTest } from "../testing/open-drift.js";
import { sampleMonitored } from "../testing/sample-profile.js";

test("windows are released in their order, and of one time the newest version's first", async () => {
  const { intake, closer, clock, message, released, window } = await openDriftForTest({
    ...{ store: { drift: memoryDriftStore() }, monitored: sampleMonitored(), otherVersions: [2, 4] },
  });
  const first = window();
  for (const version of [4, 2, 3]) await intake.take("a" as DeviceId, message([0.1], { version }));
  clock.advance(3_600_000);
  for (const version of [3, 4]) await intake.take("a" as DeviceId, message([0.1], { version }));
  clock.advance(2 * 3_600_000);
  await closer.closeDue();

  expect(released.map(({ release: { window: at, version } }) => [at - first, version])).toEqual([
    [0, 4],
    [0, 3],
    [0, 2],
    [1, 4],
    [1, 3],
    [1, 2],
  ]);
});
