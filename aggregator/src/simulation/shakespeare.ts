import { charLstm } from "@fedge/onnx-autodiff/zoo";
import { FedgeError, hash32, type ModelName } from "@fedge/protocol";
import type { ModelImport } from "../service.js";
import { NUM_SYMBOLS, WINDOW, windowsOf, type CharacterWindows } from "./data/characters.js";
import { readPlays } from "./data/plays.js";
import { rangesOf } from "./fleet/fleet-examples.js";
import { rowsOf, type ExampleTensor, type LabelledExamples, type Workload } from "./workload.js";

/** Part of each role's windows that its device trains on; the rest, which comes later, is held out. */
const TRAINED_PART = 0.8;
/** With fewer windows a role has nothing to hold out. */
const MIN_WINDOWS = 5;
/** Of the gradients of a step: a long recurrence has steep places. */
const CLIP_NORM = 5;

/**
 * Plays by role, one device for each: the roles with the most text. As in the published experiment, the later fifth of
 * each role is held out (McMahan et al. 2017, section 3).
 *
 * Throws DATA_MISSING, DATA_CORRUPT, and OPTION_INVALID when there are fewer roles with enough text than devices.
 */
export async function loadShakespeare(of: {
  readonly directory: string | null;
  readonly numDevices: number;
  readonly numTestExamples: number | null;
  readonly model: ModelName;
  readonly seed: string;
}): Promise<Workload> {
  const chosen = await chooseRoles(of.directory, of.numDevices);
  const numTrained = chosen.map(({ numWindows }) => Math.floor(numWindows * TRAINED_PART));
  const parts = (which: "inputs" | "targets", isTrained: boolean): ExampleTensor => {
    const all = chosen.map((role, index) =>
      partOf(role, which, { numTrained: numTrained[index] ?? 0, isTrained }),
    );
    return joined(all, isTrained);
  };
  const numHeldOut = chosen.reduce(
    (sum, { numWindows }, index) => sum + numWindows - (numTrained[index] ?? 0),
    0,
  );
  return {
    model: characterModel(of.model, of.seed),
    fleet: {
      examples: { input: parts("inputs", true), target: parts("targets", true) },
      ranges: rangesOf(numTrained),
    },
    heldOut: spread(
      { numExamples: numHeldOut, input: parts("inputs", false), target: parts("targets", false) },
      of.numTestExamples ?? numHeldOut,
    ),
  };
}

/** At most `most` windows, at equal distances, so that every role has its share of them. */
function spread({ numExamples, input, target }: LabelledExamples, most: number): LabelledExamples {
  const count = Math.min(numExamples, most);
  const rows = Array.from({ length: count }, (_, at) => Math.floor((at * numExamples) / count));
  const chosen = (tensor: ExampleTensor): ExampleTensor => {
    const windows = rows.map((row) => rowsOf(tensor, row, row + 1).data as BigInt64Array);
    return joined(windows, false);
  };
  return { numExamples: count, input: chosen(input), target: chosen(target) };
}

/** The roles with the most windows, the longest first. */
async function chooseRoles(
  directory: string | null,
  numDevices: number,
): Promise<readonly CharacterWindows[]> {
  if (directory === null) {
    throw new FedgeError("DATA_MISSING", "char-lstm learns from plays; name their directory with --data.");
  }
  const roles = (await readPlays(directory)).map(({ text }) => windowsOf(text));
  const speaking = roles.filter(({ numWindows }) => numWindows >= MIN_WINDOWS);
  if (speaking.length < numDevices) {
    throw new FedgeError(
      "OPTION_INVALID",
      `${directory} has ${speaking.length} roles with at least ${MIN_WINDOWS * WINDOW} characters; --devices is ${numDevices}.`,
    );
  }
  return speaking.sort((a, b) => b.numWindows - a.numWindows).slice(0, numDevices);
}

function characterModel(model: ModelName, seed: string): ModelImport {
  const onnx = charLstm({ vocabulary: NUM_SYMBOLS, steps: WINDOW, seed: hash32(`${seed}/weights`) });
  return { model, onnx, training: { loss: "softmax-cross-entropy", clipNorm: CLIP_NORM } };
}

function partOf(
  role: CharacterWindows,
  which: "inputs" | "targets",
  { numTrained, isTrained }: { readonly numTrained: number; readonly isTrained: boolean },
): BigInt64Array {
  const border = numTrained * WINDOW;
  return isTrained ? role[which].subarray(0, border) : role[which].subarray(border);
}

/** All parts one after the other: in memory that threads share, or, as the runtime wants it, of its own. */
function joined(parts: readonly BigInt64Array[], isShared: boolean): ExampleTensor {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const sizeBytes = length * BigInt64Array.BYTES_PER_ELEMENT;
  const data = new BigInt64Array(isShared ? new SharedArrayBuffer(sizeBytes) : new ArrayBuffer(sizeBytes));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { elementType: "int64", exampleShape: [WINDOW], data };
}
