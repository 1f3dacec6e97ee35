import { createRandom, type ModelName } from "@fedge/protocol";
import { VersionMonitor } from "../../../device-runtime/src/core/monitor/version-monitor.js";
import { latencyBin } from "../../../device-runtime/src/core/serving/serving-counter.js";
import { createMemoryByteStore } from "../../../device-runtime/src/memory/memory-stores.js";
import { ManualClock } from "../../../device-runtime/src/testing/manual-clock.js";
import {
  colourFeature,
  numericFeature,
  sampleProfile,
} from "../../../device-runtime/src/testing/sample-profile.js";

const WINDOW_MS = 60_000;
const NUM_FEATURES = 20;

/** Values with missing ones, infinities and such as lie on edges; more rows than the windows count. */
function valueAt(random: ReturnType<typeof createRandom>): number {
  const draw = random.below(40);
  if (draw === 0) return Number.NaN;
  if (draw === 1) return Number.POSITIVE_INFINITY;
  if (draw === 2) return 0.5;
  return random.unit() * 1.4 - 0.2;
}

const NOTHING_SAID = { fields: {}, fieldsBefore: {}, label: null, numRows: 1, delayMs: 100 };

/** The messages that a monitor sends for three windows of the same rows, wherever it runs. */
export async function monitoredRows(): Promise<readonly string[]> {
  const sources = ["mean", "std", "norm", "min", "max"] as const;
  const input = { of: "input", name: "input" } as const;
  const features = [
    ...Array.from({ length: NUM_FEATURES }, (_, at) =>
      numericFeature({ name: `x${at}`, source: { take: "value", ...input, at } }),
    ),
    ...sources.map((take) => numericFeature({ name: take, source: { take, ...input } })),
    numericFeature({ name: "projection", source: { take: "projection", ...input, seed: "one" } }),
    numericFeature({ name: "latency", role: "latency", source: { take: "latency" }, mean: 500, std: 300 }),
    colourFeature({ role: "input" }),
    numericFeature({
      name: "truth",
      role: "label",
      source: { take: "value", of: "label", name: "label", at: 0 },
    }),
  ];
  const profile = await sampleProfile(
    { sha256: () => Promise.resolve("0".repeat(64) as never) },
    { features, window: { lengthMs: WINDOW_MS }, outcomes: { numClasses: 3, output: "answer" } },
  );
  const clock = new ManualClock(28_333_333 * WINDOW_MS);
  const sent: string[] = [];
  const monitor = new VersionMonitor({
    ...{ model: "digits" as ModelName, version: 1, profile, latencyBin },
    ports: { store: createMemoryByteStore(), clock, random: createRandom("everywhere") },
    sender: { keep: () => [], kept: (message) => void sent.push(JSON.stringify(message)) },
    onJudged: () => undefined,
    onShadow: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  const random = createRandom("rows");
  for (let window = 0; window < 3; window += 1) {
    for (let row = 0; row < 300; row += 1) {
      const data = Float32Array.from({ length: NUM_FEATURES }, () => valueAt(random));
      const begun = monitor.begin(1, { input: { shape: [1, NUM_FEATURES], data } });
      const [a, b] = [random.unit() / 2, random.unit() / 2];
      const answer = { shape: [1, 3], data: Float32Array.of(a, b, 1 - a - b) };
      const id = `${window}-${row}`;
      begun?.answered({ answer }, random.below(1000), id);
      if (row % 3 === 0)
        monitor.said({ ...NOTHING_SAID, id, fields: { colour: row % 2 === 0 ? "red" : "grey" } });
      if (row % 5 === 0) {
        const label = { shape: [1, 1], data: Float32Array.of(random.below(3)) };
        monitor.said({ ...NOTHING_SAID, id, label });
        monitor.labelled({ outputs: { answer }, label, delayMs: row * 100 });
      }
    }
    clock.advance(WINDOW_MS);
  }
  await monitor.close();
  return sent;
}
