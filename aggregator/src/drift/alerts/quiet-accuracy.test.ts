import { createRandom, type Random } from "@fedge/protocol";
import { expect, test } from "vitest";
import { jackknifeError } from "../statistics/replicate-groups.js";
import { sampleMonitored } from "../testing/sample-profile.js";
import { ToldFleet } from "../testing/told-fleet.js";

const [NUM_FLEETS, NUM_WINDOWS, NUM_GROUPS, LABELS_OF_GROUP, RIGHT] = [300, 15, 4, 25, 0.87];
const MOST_WITH_ALARM = 0.05 * NUM_FLEETS;
const SEED = "quiet accuracy";

/** Right answers of a hundred in four groups, and the error that the server would make of them. */
function drawn(random: Random): { readonly numRight: number; readonly accuracyError: number } {
  const rights = Array.from({ length: NUM_GROUPS }, () => {
    let numRight = 0;
    for (let label = 0; label < LABELS_OF_GROUP; label += 1) if (random.unit() < RIGHT) numRight += 1;
    return numRight;
  });
  const numRight = rights.reduce((sum, right) => sum + right, 0);
  const left = rights.map((right) => (numRight - right) / ((NUM_GROUPS - 1) * LABELS_OF_GROUP));
  return { numRight, accuracyError: jackknifeError(left) };
}

test(`at most one in twenty fleets of the least size has an alarm of its accuracy in fifteen windows in which nothing changes (seed "${SEED}")`, async () => {
  const random = createRandom(SEED);
  const monitored = sampleMonitored({ outcomes: { numClasses: 2, output: "answer" } });
  let numWithAlarm = 0;
  for (let turn = 0; turn < NUM_FLEETS; turn += 1) {
    const fleet = new ToldFleet(monitored);
    for (let window = 0; window < NUM_WINDOWS; window += 1)
      await fleet.next({ shifts: { "": {} }, numDevices: 20, numGroups: NUM_GROUPS, ...drawn(random) });
    if ((await fleet.newest()).length > 0) numWithAlarm += 1;
  }

  expect(numWithAlarm).toBeLessThanOrEqual(MOST_WITH_ALARM);
});
