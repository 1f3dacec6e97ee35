import { beforeEach, describe, expect, test } from "vitest";
import { sampleMonitored } from "../testing/sample-profile.js";
import { ToldFleet, type ToldWindow } from "../testing/told-fleet.js";

const BROWSER = "platform=browser";
const [WELL, MOVED] = [{}, { age: 0.5 }];

let fleet: ToldFleet;
beforeEach(() => {
  fleet = new ToldFleet(sampleMonitored({ outcomes: { numClasses: 2, output: "answer" } }));
});

async function windows(numWindows: number, told: ToldWindow): Promise<void> {
  for (let turn = 0; turn < numWindows; turn += 1) await fleet.next(told);
}

describe("an alert of a cohort", () => {
  beforeEach(() => windows(2, { shifts: { "": WELL, [BROWSER]: MOVED } }));

  test("goes on while the cohort is hidden, however well the whole fleet is: it hides the cohort's change", async () => {
    await windows(5, { shifts: { "": WELL }, hidden: [BROWSER] });

    expect(await fleet.open()).toEqual([`drift/age@${BROWSER}`]);
    expect((await fleet.newest())[0]).toMatchObject({ numQuietWindows: 0 });
    expect(await fleet.calls()).toHaveLength(1);
  });

  test("is over after two windows in which the cohort is shown and well", async () => {
    await windows(1, { shifts: { "": WELL, [BROWSER]: WELL } });
    expect(await fleet.open()).toEqual([`drift/age@${BROWSER}`]);
    await windows(1, { shifts: { "": WELL, [BROWSER]: WELL } });

    expect(await fleet.open()).toEqual([]);
  });
});

test("an alert of accuracy goes on through windows without labels", async () => {
  await windows(1, { shifts: { "": WELL }, numRight: 90 });
  await windows(1, { shifts: { "": WELL }, numRight: 60 });
  await windows(3, { shifts: { "": WELL } });
  expect(await fleet.open()).toEqual(["performance/"]);

  await windows(2, { shifts: { "": WELL }, numRight: 90 });
  expect(await fleet.open()).toEqual([]);
});
