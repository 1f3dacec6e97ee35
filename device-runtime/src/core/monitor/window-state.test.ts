import { createRandom } from "@fedge/protocol";
import { beforeAll, expect, test } from "vitest";
import { nodeDigest } from "../../node/digest.js";
import { colourFeature, numericFeature, sampleProfile } from "../../testing/sample-profile.js";
import { RowCounter } from "./row-counter.js";
import { StreamWatch } from "./stream-watch.js";
import { watchedProfile, type WatchedProfile } from "./watched-feature.js";
import { WindowCounts } from "./window-counts.js";
import { decodeState, encodeState } from "./window-state.js";

let watched: WatchedProfile;
beforeAll(async () => {
  const features = [numericFeature(), colourFeature({ role: "input" })];
  watched = watchedProfile(await sampleProfile(nodeDigest, { features, window: { maxRows: 30 } }));
});

/** A window in which so many rows were seen, going on with `random`. */
function feed(counts: WindowCounts, streams: StreamWatch, values: readonly number[]): void {
  const counter = new RowCounter(watched, () => 3, {
    opens: () => true,
    counted: (batch, bin, elapsedUs, id) => {
      counts.add(batch, bin, id);
      streams.add(batch, elapsedUs);
    },
    failed: () => undefined,
  });
  for (const value of values) {
    const input = { shape: [1, 1], data: Float64Array.of(value) };
    counter.begin({ input }).answered({}, 100, `id ${value}`);
  }
  counter.count();
}

const VALUES = Array.from({ length: 80 }, (_, at) => ((at * 37) % 80) / 80);

test("a window that was kept goes on as if nothing had happened, rows replaced and all", () => {
  const [whole, wholeStreams] = [new WindowCounts(watched, 4, createRandom("a")), new StreamWatch(watched)];
  const [first, firstStreams] = [new WindowCounts(watched, 4, createRandom("a")), new StreamWatch(watched)];
  feed(whole, wholeStreams, VALUES.slice(0, 25));
  feed(first, firstStreams, VALUES.slice(0, 25));
  const streams = new StreamWatch(watched);
  const second = decodeState(encodeState(first, firstStreams), watched, streams, createRandom("a"));
  feed(whole, wholeStreams, VALUES.slice(25));
  feed(second!, streams, VALUES.slice(25));

  expect(encodeState(second!, streams)).toEqual(encodeState(whole, wholeStreams));
  expect(second!.numRows).toBe(30);
});

test("the state of another layout is not taken up", async () => {
  const [counts, streams] = [new WindowCounts(watched, 4, createRandom("a")), new StreamWatch(watched)];
  const other = watchedProfile(await sampleProfile(nodeDigest));

  expect(
    decodeState(encodeState(counts, streams), other, new StreamWatch(other), createRandom("b")),
  ).toBeNull();
});

test("bytes that are cut anywhere, or changed, are refused or a window, and never throw anything else", () => {
  const [counts, streams] = [new WindowCounts(watched, 4, createRandom("a")), new StreamWatch(watched)];
  feed(counts, streams, VALUES);
  const bytes = encodeState(counts, streams);
  const attempt = (given: Uint8Array): string => {
    try {
      return decodeState(given, watched, new StreamWatch(watched), createRandom("b")) === null
        ? "other"
        : "taken";
    } catch (error) {
      return (error as { code?: string }).code ?? "no code";
    }
  };
  for (let size = 0; size < 600; size += 1) expect(attempt(bytes.subarray(0, size))).toBe("STORAGE_FAILED");
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ 0xff;
    expect(["taken", "other", "STORAGE_FAILED"]).toContain(attempt(changed));
  }
});
