import type { ModelName } from "@fedge/protocol";
import { expect, test } from "vitest";
import type { PastRelease } from "../../store/port.js";
import { sampleAlert } from "../testing/sample-alert.js";
import { markersOf } from "./markers.js";

function release(releaseCounter: number, version: number, rolloutId: string | null = null): PastRelease {
  const releasedAtMs = releaseCounter * 1000;
  return { model: "digits" as ModelName, releaseCounter, version, rolloutId, releasedAtMs };
}

test("a rollout's waves are one marker, its release to the fleet another, newest given first", () => {
  const markers = markersOf(
    [release(5, 4), release(4, 4, "night"), release(3, 4, "night"), release(2, 3)],
    [],
  );

  expect(markers.map(({ atMs, text }) => [atMs, text])).toEqual([
    [2000, "version 3 released to the fleet"],
    [3000, "version 4 released by rollout night"],
    [5000, "version 4 released to the fleet"],
  ]);
});

test("going back to the version before is a marker again", () => {
  const markers = markersOf([release(1, 3), release(2, 4), release(3, 3)], []);

  expect(markers.map(({ version }) => version)).toEqual([3, 4, 3]);
});

test("alerts stand among the releases by the time they were opened", () => {
  const alert = { ...sampleAlert(), openedAtMs: 1500 };

  const markers = markersOf([release(1, 3), release(2, 4)], [alert]);

  expect(markers.map(({ kind }) => kind)).toEqual(["release", "alert", "release"]);
});
