import { join } from "node:path";
import { logistic } from "@fedge/onnx-autodiff/zoo";
import type { Device } from "@fedge/device-runtime";
import { createDevice } from "@fedge/device-runtime/node";
import { createRandom } from "@fedge/protocol";
import { FastNormal } from "../../drift/simulated/fast-normal.js";
import { normalProfile } from "../../drift/simulated/normal-profile.js";
import { encodeProfilePackage } from "../../registry/profiles/profile-package.js";
import { compareCalls, type Latencies } from "../serve/latencies.js";
import type { ServerChild } from "../serve/server-child.js";

export interface MonitorMeasures {
  readonly numFeatures: number;
  /** `predict` of a version without a reference profile, in turns with `watched`. */
  readonly plain: Latencies;
  /** The same model with a profile. */
  readonly watched: Latencies;
  /** Median of what `watched` took more than the call of `plain` in the same turn. */
  readonly addedMs: number;
  readonly meanAddedMs: number;
}

const NUM_FEATURES = 50;
const NUM_CLASSES = 10;
const NUM_CALLS = 20_000;
const [PLAIN, WATCHED] = ["plain", "watched"] as const;

/** One device in Node that serves the same small model twice, once watched; its log is on for both. */
export async function measureMonitor(server: ServerChild): Promise<MonitorMeasures> {
  await importBoth(server);
  const device = await createDevice({
    ...{ server: server.url, models: [PLAIN, WATCHED], engine: "onnxruntime-node" },
    stateDirectory: join(server.directory, "device"),
  });
  try {
    await serves(device);
    const data = Float32Array.from({ length: NUM_FEATURES });
    const random = createRandom("bench/drift/input");
    const call = (model: string) => async (): Promise<unknown> => {
      // Otherwise every value would be in the same cell as before, which no branch predictor misses.
      for (let at = 0; at < NUM_FEATURES; at += 1) data[at] = 6 * random.unit() - 3;
      return device.model(model).predict({ input: { shape: [1, NUM_FEATURES], data } });
    };
    const { sides, ...added } = await compareCalls(call(PLAIN), call(WATCHED), NUM_CALLS);
    const [plain, watched] = sides;
    return { numFeatures: NUM_FEATURES, plain, watched, ...added };
  } finally {
    await device.close();
  }
}

async function importBoth(server: ServerChild): Promise<void> {
  const onnx = logistic({ inputs: NUM_FEATURES, classes: NUM_CLASSES });
  const normal = new FastNormal(createRandom("bench/drift/profile"));
  const profile = normalProfile(normal, {
    ...{ numFeatures: NUM_FEATURES, numClasses: NUM_CLASSES, model: WATCHED },
    // More rows than the calls: every prediction counts, none is left out by the sample.
    maxRows: 10_000,
  });
  const both = encodeProfilePackage({ profile, golden: null }, new Uint8Array(onnx));
  const query = "loss=softmax-cross-entropy";
  await server.post(`/v1/models?model=${PLAIN}&${query}`, new Uint8Array(onnx));
  await server.post(`/v1/models?model=${WATCHED}&${query}&body=profile-package`, new Uint8Array(both));
}

function serves(device: Device): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      const isServing = [PLAIN, WATCHED].every((model) => device.model(model).version !== null);
      if (isServing && device.status().drift[WATCHED] !== undefined) resolve();
    };
    device.on("version", look);
    device.on("drift", look);
    look();
  });
}
