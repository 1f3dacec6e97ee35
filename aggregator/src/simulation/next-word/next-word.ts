import { CONTEXT_WORDS, examplesOf, type Vocabulary, type WordExamples } from "@fedge/browser-demo/words";
import { gru } from "@fedge/onnx-autodiff/zoo";
import { hash32, type ModelName } from "@fedge/protocol";
import type { ModelImport } from "../../service.js";
import { rangesOf } from "../fleet/fleet-examples.js";
import type { LabelledExamples, Workload } from "../workload.js";
import { typedByPersonas, typedByRoles, type TypedText } from "./typed-text.js";

/** Sizes of the demo's model. */
const EMBEDDING = 48;
const HIDDEN = 96;

/** Next words: typed by the personas of the sample corpus, or, with a directory, said by the roles of its plays. */
export async function loadNextWord(of: {
  readonly directory: string | null;
  readonly numDevices: number;
  readonly numTestExamples: number | null;
  readonly model: ModelName;
  readonly seed: string;
}): Promise<Workload & { readonly text: TypedText }> {
  const { directory, numDevices, seed } = of;
  const text =
    directory === null ? typedByPersonas(seed, numDevices) : await typedByRoles(directory, numDevices);
  const byDevice = text.byDevice.map((sentences) => examplesOf(sentences, text.vocabulary));
  const counts = byDevice.map(({ numExamples }) => numExamples);
  const heldOut = examplesOf(text.heldOut, text.vocabulary);
  return {
    text,
    model: nextWordModel(of.model, text.vocabulary, hash32(`${seed}/weights`)),
    fleet: { examples: joined(byDevice), ranges: rangesOf(counts) },
    heldOut: firstOf(heldOut, of.numTestExamples ?? heldOut.numExamples),
  };
}

/** The zoo's `gru` for a vocabulary, to import. */
export function nextWordModel(model: ModelName, vocabulary: Vocabulary, seed: number): ModelImport {
  const sizes = { vocabulary: vocabulary.size, steps: CONTEXT_WORDS, embedding: EMBEDDING, hidden: HIDDEN };
  return { model, onnx: gru({ ...sizes, seed }), training: { loss: "softmax-cross-entropy" } };
}

/** All devices' examples one after the other, in memory that threads share. */
function joined(parts: readonly WordExamples[]): Pick<LabelledExamples, "input" | "target"> {
  const numExamples = parts.reduce((sum, part) => sum + part.numExamples, 0);
  const shared = (length: number): BigInt64Array =>
    new BigInt64Array(new SharedArrayBuffer(length * BigInt64Array.BYTES_PER_ELEMENT));
  const [contexts, targets] = [shared(numExamples * CONTEXT_WORDS), shared(numExamples)];
  let at = 0;
  for (const part of parts) {
    contexts.set(part.contexts, at * CONTEXT_WORDS);
    targets.set(part.targets, at);
    at += part.numExamples;
  }
  return tensorsOf(contexts, targets);
}

function firstOf({ numExamples, contexts, targets }: WordExamples, most: number): LabelledExamples {
  const count = Math.min(numExamples, most);
  return {
    numExamples: count,
    ...tensorsOf(contexts.subarray(0, count * CONTEXT_WORDS), targets.subarray(0, count)),
  };
}

function tensorsOf(
  contexts: BigInt64Array,
  targets: BigInt64Array,
): Pick<LabelledExamples, "input" | "target"> {
  return {
    input: { elementType: "int64", exampleShape: [CONTEXT_WORDS], data: contexts },
    target: { elementType: "int64", exampleShape: [], data: targets },
  };
}
