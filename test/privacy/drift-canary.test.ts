import type { RunningServer } from "@fedge/aggregator";
import type { Device } from "@fedge/device-runtime";
import { createDevice } from "@fedge/device-runtime/node";
import type { CategoricalFeature, ReferenceProfile } from "@fedge/protocol/profile";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { normalFeature, sampleProfile } from "../../aggregator/src/drift/testing/sample-profile.js";
import { CLASSES, INPUTS } from "../e2e/digits-task.js";
import { eventually } from "../e2e/waiting.js";
import { startCloudsServer } from "../faults/clouds-server.js";
import { importWatched } from "../faults/watched-model.js";
import { found, tracesOfText, type Trace } from "./encodings.js";
import { RecordingProxy, plainBytes } from "./recording-proxy.js";

const MODEL = "digits";
const WINDOW_MS = 2000;
/** A place that the profile does not know, and a note that no feature looks at. */
const UNSEEN = "quartzlimerick";
const NOTE = "marmaladeastronaut";
/** Values that no count, edge or time looks like. */
const NUMBERS = [0.7312945, -1.2847193, 2.1938475];

const PLACE: CategoricalFeature = {
  ...{ kind: "categorical", name: "place", source: { take: "field", name: "place" } },
  ...{ role: "input", privacy: "public", importance: 1, required: false, mostly: 0.5, isClosed: false },
  ...{ categories: ["harbour", "market"], counts: [25_000, 25_000, 0, 0, 0] },
  floors: { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 },
};

let directory = "";
let server: RunningServer;
let proxy: RecordingProxy;
let device: Device;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-drift-canary-"));
  server = await startCloudsServer(join(directory, "server"));
  await importWatched(server, watchedProfile());
  proxy = await RecordingProxy.start(Number(new URL(server.httpUrl).port));
  // Without a path around the proxy: the address that it enrols at is the only one it is given.
  device = await createDevice({
    ...{ server: `http://127.0.0.1:${proxy.port}`, model: MODEL, useWebSocket: true },
    stateDirectory: join(directory, "device"),
    consent: { training: false, reporting: true },
    featureLog: { explainEvery: 1 },
  });
});
afterAll(async () => {
  await device.close();
  await proxy.close();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

function watchedProfile(): ReferenceProfile {
  const inputs = NUMBERS.map((_, at) =>
    normalFeature(`x${at}`, { source: { take: "value", of: "input", name: "input", at } }),
  );
  const window = { lengthMs: WINDOW_MS, minRows: 10 };
  const outcomes = { numClasses: CLASSES, output: "logits" };
  return sampleProfile({ features: [...inputs, PLACE], window, outcomes });
}

async function predictAndNote(): Promise<void> {
  const data = new Float32Array(INPUTS);
  data.set(NUMBERS);
  const { id } = await device.model(MODEL).predict({ input: { shape: [1, INPUTS], data } });
  await device.log(id, { place: UNSEEN, note: NOTE });
  await device.label(id, 1n);
}

/** Three numbers in a row, or one of them written out. */
function tracesOfNumbers(numbers: readonly number[]): Trace[] {
  return [
    { encoding: "32-bit floats", bytes: Buffer.from(Float32Array.from(numbers).buffer) },
    { encoding: "64-bit floats", bytes: Buffer.from(Float64Array.from(numbers).buffer) },
    ...numbers.map((number) => ({
      encoding: `${number} written out`,
      bytes: Buffer.from(String(Math.abs(number)).slice(0, 7)),
    })),
  ];
}

const everything = (): Buffer => Buffer.concat(proxy.sent.map(plainBytes));

test("counts of windows hold nothing of the rows that were counted: no value, no unseen category, no note", async () => {
  await eventually("the monitor", async () => device.status().drift[MODEL]);
  await eventually("the counts of a window", async () => {
    await predictAndNote();
    return found(tracesOfText("profile-window"), everything()).includes("UTF-8") ? true : undefined;
  });
  const { log } = device.status();

  // Otherwise there would be nothing that could leave.
  expect(log.numRows).toBeGreaterThan(0);
  expect(proxy.isPacked).toBe(false);
  const traces = [...tracesOfText(UNSEEN), ...tracesOfText(NOTE), ...tracesOfNumbers(NUMBERS)];
  expect(found(traces, everything())).toEqual([]);
  const [row] = await device.featureLog.query({ limit: 1 });
  expect(row?.fields).toEqual({ place: UNSEEN, note: NOTE });
});

test("nothing that leaves holds what explains a prediction", async () => {
  await predictAndNote();
  const explanation = await eventually("an explanation", async () => {
    const [row] = await device.featureLog.query({ limit: 1 });
    return row?.explanation ?? undefined;
  });
  const shares = Array.from(explanation["input"]?.data ?? [], Number).slice(0, NUMBERS.length);
  const before = everything().length;
  // Otherwise it could leave with the next window.
  await eventually("another window", async () => {
    await predictAndNote();
    return found(tracesOfText("profile-window"), everything().subarray(before)).includes("UTF-8")
      ? true
      : undefined;
  });

  expect(shares.map((share) => Math.abs(share) > 1e-3)).toEqual([true, true, true]);
  expect(found(tracesOfNumbers(shares), everything())).toEqual([]);
});
