import { FedgeError, type UpdateEncoding } from "@fedge/protocol";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export interface NumpySeconds {
  /** As `aggregate` of Flower's `server/strategy/aggregate.py`: weight every update, then add them up. */
  readonly weightedSum: number;
  /** With one buffer for the sum and one for the product. Checks nothing, and its float32 sum depends on order. */
  readonly inPlace: number;
}

export interface NumpySum {
  /** Sums a cohort that numpy holds in memory, both ways. */
  run(): Promise<NumpySeconds>;
  close(): void;
}

const INTERPRETERS = ["/usr/bin/python3", "python3"];

/** Text of the program, so that it is found from wherever this module was built to. */
const PROGRAM = `
import json, sys, time
from functools import reduce
import numpy as np

encoding, num_parameters, num_updates = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(1)
BLOCK = 256

def make():
    if encoding == "int8":
        codes = rng.integers(-127, 128, num_parameters).astype(np.int8)
        scales = np.full(-(-num_parameters // BLOCK), 1e-4, np.float32)
        return codes, scales
    return (0.02 * (rng.random(num_parameters) - 0.5)).astype(encoding)

def decode(update):
    if encoding != "int8":
        return update if encoding == "float32" else update.astype(np.float32)
    codes, scales = update
    values = codes.astype(np.float32)
    whole = num_parameters // BLOCK * BLOCK
    blocks = values[:whole].reshape(-1, BLOCK)
    blocks *= scales[: whole // BLOCK, None]
    values[whole:] *= scales[-1]
    return values

results = [(make(), index + 1) for index in range(num_updates)]
total = sum(num_examples for _, num_examples in results)
product = np.empty(num_parameters, np.float32)

def weighted_sum():
    weighted = [decode(update) * num_examples for update, num_examples in results]
    return reduce(np.add, weighted) / total

def in_place():
    mean = np.zeros(num_parameters, np.float32)
    for update, num_examples in results:
        np.multiply(decode(update), np.float32(num_examples / total), out=product)
        mean += product
    return mean

def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start

print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps({"weightedSum": seconds(weighted_sum), "inPlace": seconds(in_place)}), flush=True)
`;

export interface NumpySumOptions {
  readonly encoding: UpdateEncoding;
  readonly numParameters: number;
  readonly numUpdates: number;
}

/** A numpy process that is ready to sum, or null where no Python with numpy is installed. */
export async function startNumpySum(options: NumpySumOptions): Promise<NumpySum | null> {
  for (const interpreter of INTERPRETERS) {
    const sum = await startWith(interpreter, options);
    if (sum !== null) return sum;
  }
  return null;
}

async function startWith(interpreter: string, options: NumpySumOptions): Promise<NumpySum | null> {
  const { encoding, numParameters, numUpdates } = options;
  const child = spawn(interpreter, ["-c", PROGRAM, encoding, `${numParameters}`, `${numUpdates}`], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  // A missing interpreter and a broken pipe both end the output, which is where they are noticed.
  child.on("error", () => child.stdout.destroy());
  child.stdin.on("error", () => child.stdout.destroy());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  return first.value === "ready" ? sumBy(child, lines) : null;
}

function sumBy(child: ChildProcessByStdio<Writable, Readable, null>, lines: AsyncIterator<string>): NumpySum {
  return {
    run: async () => {
      child.stdin.write("\n");
      const line = await lines.next();
      if (line.done !== true) return JSON.parse(line.value) as NumpySeconds;
      throw new FedgeError("INTERNAL", "the numpy process ended before it answered; is there enough memory?");
    },
    close: () => {
      child.stdin.end();
    },
  };
}
