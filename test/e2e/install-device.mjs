// A device with real stores and a real line, whose models answer their own number: node install-device.mjs OPTIONS, where
// OPTIONS is JSON { port, directory, deviceId, holdAt, isBroken }. Asks its model all the time. Prints one JSON object a
// line: { answer, version } of predictions, { install } of states. At `holdAt` of version 2 it stands still for ever, so
// that a test can kill it there. With `isBroken`, version 2 answers with no number once it serves.
import { createDevice } from "@fedge/device-runtime";
import {
  alwaysEligible,
  createMqttTransport,
  createSystemClock,
  nodeDigest,
  openFileBlobs,
  openLevelStore,
} from "@fedge/device-runtime/node";
import { createRandom } from "@fedge/protocol";
import { writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

const { port, directory, deviceId, holdAt, isBroken } = JSON.parse(process.argv[2]);
const say = (fact) => writeSync(1, `${JSON.stringify(fact)}\n`);

const serving = {
  name: "numbers@1",
  form: "onnx",
  load: async ({ tensors }) => {
    const number = tensors[0].data[0];
    return {
      // What it is tried with are zeros; the app asks with ones.
      run: async ({ input }) => {
        const fails = isBroken && number === 2 && input.data[0] === 1;
        return { answer: { shape: [1], data: Float32Array.of(fails ? NaN : number) } };
      },
      close: async () => undefined,
    };
  },
};

await mkdir(directory, { recursive: true });
const credentials = { deviceId, tenantId: "acme", token: "", brokerUrl: `mqtt://127.0.0.1:${port}` };
const device = await createDevice(
  {
    ...{ clock: createSystemClock(), digest: nodeDigest, random: createRandom(`${process.pid}`) },
    store: await openLevelStore(join(directory, "store")),
    blobs: await openFileBlobs(join(directory, "blobs")),
    identity: { credentials: async () => credentials },
    transport: createMqttTransport(),
    ...{ serving, trainer: { form: "onnx", close: async () => undefined } },
    ...{ conditions: alwaysEligible, trainingData: {}, newStop: () => new AbortController(), verifier: null },
  },
  { models: ["digits"], consent: { training: false, reporting: true }, platform: "test" },
);
say({ startedWith: device.model("digits").version });
device.on("install", ({ state, version }) => {
  say({ install: `${state} ${version}` });
  if (version === 2 && state === holdAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
device.on("error", ({ message }) => process.stderr.write(`${message}\n`));
setInterval(async () => {
  if (device.model("digits").version === null) return;
  const { outputs, version } = await device.model("digits").predict({ input: [1] });
  say({ answer: outputs.answer.data[0], version });
}, 10);
