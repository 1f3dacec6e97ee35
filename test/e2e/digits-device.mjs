// A device that is a process of its own, so that a test can kill it: node digits-device.mjs SERVER DIRECTORY SEED.
// Prints one JSON object a line: { phase, roundId } of every round event and { version } of every version.
import { createDevice } from "@fedge/device-runtime/node";
import { createRandom } from "@fedge/protocol";

const [server, stateDirectory, seed] = process.argv.slice(2);
const INPUTS = 784;
const CLASSES = 10;
const NUM_EXAMPLES = 400;

const random = createRandom(seed);
const labels = BigInt64Array.from({ length: NUM_EXAMPLES }, () => BigInt(random.below(CLASSES)));
const pixels = Float32Array.from({ length: NUM_EXAMPLES * INPUTS }, (_, at) => {
  const label = Number(labels[Math.floor(at / INPUTS)]);
  return ((at % INPUTS) % CLASSES === label ? 1 : 0) + random.unit() - 0.5;
});
const examples = {
  numExamples: NUM_EXAMPLES,
  inputs: { input: { shape: [NUM_EXAMPLES, INPUTS], data: pixels } },
  target: { shape: [NUM_EXAMPLES], data: labels },
};

const say = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);
const device = await createDevice({
  ...{ server, stateDirectory, models: ["digits"], consent: { training: true, reporting: true } },
  trainingData: { digits: { numExamples: () => NUM_EXAMPLES, examples: () => examples } },
});
device.on("round", ({ roundId, phase }) => say({ roundId, phase }));
device.on("version", ({ version }) => say({ version }));
device.on("error", ({ message }) => process.stderr.write(`${message}\n`));
process.once("SIGTERM", () => void device.close());
