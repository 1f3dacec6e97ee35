// A device that recognises handwritten digits and learns from made-up strokes.
//   node device-runtime/examples/node-device.mjs [server] [state directory]
import { createDevice } from "@fedge/device-runtime/node";

const [server = "http://127.0.0.1:8787", stateDirectory = "./device-state"] = process.argv.slice(2);
const PIXELS = 28 * 28;
const NUM_EXAMPLES = 200;

/** Examples of class c are bright in one band of rows: easy to learn, and nobody's data. */
function madeUpExamples(count) {
  const pixels = new Float32Array(count * PIXELS);
  const labels = new BigInt64Array(count);
  for (let example = 0; example < count; example += 1) {
    const label = example % 10;
    labels[example] = BigInt(label);
    const bandStart = example * PIXELS + label * 2 * 28;
    for (let pixel = bandStart; pixel < bandStart + 3 * 28; pixel += 1)
      pixels[pixel] = 0.5 + Math.random() / 2;
  }
  return {
    numExamples: count,
    inputs: { input: { shape: [count, PIXELS], data: pixels } },
    target: { shape: [count], data: labels },
  };
}

const device = await createDevice({
  server,
  stateDirectory,
  models: ["digits"],
  trainingData: {
    digits: {
      numExamples: () => NUM_EXAMPLES,
      examples: (maxExamples) => madeUpExamples(Math.min(NUM_EXAMPLES, maxExamples)),
    },
  },
  consent: { training: true, reporting: true },
});

device.on("state", ({ isOnline }) => console.log(isOnline ? "connected" : "connection lost"));
device.on("round", ({ roundId, phase, code }) => console.log(`round ${roundId}: ${phase}`, code ?? ""));
device.on("error", (error) => console.error(error.message));
device.on("version", async ({ model, version }) => {
  const { inputs } = madeUpExamples(1);
  const { outputs } = await device.model(model).predict(inputs);
  console.log(`${model} ${version} answers`, Object.values(outputs)[0]?.data);
});

process.once("SIGINT", () => {
  console.log(device.status());
  void device.close();
});
