import {
  CONTEXT_WORDS,
  NGramModel,
  contextOf,
  measureSuggestions,
  wordsOf,
  type SuggestionQuality,
  type Vocabulary,
  type WordScores,
} from "@fedge/browser-demo/words";
import { loadOnnxRuntime } from "@fedge/device-runtime/node";
import { FedgeError, decodeSafetensors, type NamedTensor } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { AggregatorService } from "../../service.js";
import type { AloneTraining } from "../alone/alone-training.js";
import { SIMULATED_MODEL } from "../run-task.js";
import { portsOf } from "../workload.js";
import type { TypedText } from "./typed-text.js";

/** How good suggestions are for people of whom nobody learned, by whom they come from (Hard et al. 2018, table 2). */
export interface SuggestionComparison extends ComparedSuggestions {
  /** The same on those of their sentences that stand word for word in no device's text. */
  readonly unseen: ComparedSuggestions & { readonly numSentences: number };
}

export interface ComparedSuggestions {
  /** The final version. */
  readonly federated: SuggestionQuality;
  /** Trigrams with Stupid Backoff of all devices' text in one place, which a federation does without. */
  readonly trigrams: SuggestionQuality;
  /** The best of the devices that trained alone; null when none did. */
  readonly alone: SuggestionQuality | null;
}

const BATCH = 256;

/** Of the held-out sentences those that stand word for word in no device's text. */
export function unseenOf({ byDevice, heldOut }: Pick<TypedText, "byDevice" | "heldOut">): readonly string[] {
  const seen = new Set(byDevice.flat());
  return heldOut.filter((sentence) => !seen.has(sentence));
}

/** Measures them all on the held-out sentences, and again on the unseen ones. Throws ENGINE_FAILED. */
export async function compareSuggestions(
  service: AggregatorService,
  text: TypedText,
  of: { readonly finalVersion: number; readonly alone: AloneTraining | null },
): Promise<SuggestionComparison> {
  const { vocabulary, byDevice, heldOut } = text;
  const scorer = await openScorer(service, vocabulary);
  try {
    const scoresOf = (tensors: readonly NamedTensor[]) => scorer.scoresOf(tensors, heldOut);
    const { manifest } = await service.getVersion(SIMULATED_MODEL, of.finalVersion);
    const final = decodeSafetensors(await service.readBlob(manifest.checkpoint)).tensors;
    const alone: WordScores[] = [];
    for (const { bestTensors } of of.alone?.devices ?? []) alone.push(await scoresOf(bestTensors));
    const trigrams = new NGramModel(byDevice.flat(), vocabulary);
    const federated = await scoresOf(final);
    const compareOn = (sentences: readonly string[]): ComparedSuggestions => {
      const measure = (scores: WordScores) => measureSuggestions(scores, sentences, vocabulary);
      return {
        federated: measure(federated),
        trigrams: measure((words) => trigrams.scores(words)),
        alone: alone.map(measure).sort((a, b) => b.top3Recall - a.top3Recall)[0] ?? null,
      };
    };
    const unseen = unseenOf(text);
    return { ...compareOn(heldOut), unseen: { ...compareOn(unseen), numSentences: unseen.length } };
  } finally {
    await scorer.close();
  }
}

interface Scorer {
  /** Scores of every context in the sentences, by the checkpoint. */
  scoresOf(tensors: readonly NamedTensor[], sentences: readonly string[]): Promise<WordScores>;
  close(): Promise<void>;
}

async function openScorer(service: AggregatorService, vocabulary: Vocabulary): Promise<Scorer> {
  const { manifest } = await service.getVersion(SIMULATED_MODEL, 1);
  const { runtime } = await loadOnnxRuntime();
  const session = await runtime.InferenceSession.create(await service.readBlob(manifest.graphs.infer));
  const { inputName } = portsOf(manifest);
  const run = (contexts: BigInt64Array, parameters: Record<string, Tensor>) =>
    session.run({
      ...parameters,
      [inputName]: new runtime.Tensor("int64", contexts, [contexts.length / CONTEXT_WORDS, CONTEXT_WORDS]),
    });
  return {
    scoresOf: async (tensors, sentences) => {
      const parameters = Object.fromEntries(
        tensors
          .filter(({ name }) => session.inputNames.includes(name))
          .map(({ name, shape, data }) => [
            name,
            new runtime.Tensor("float32", data as Float32Array, [...shape]),
          ]),
      );
      return allScores(sentences, vocabulary, (contexts) => run(contexts, parameters));
    },
    close: () => session.release(),
  };
}

/** In batches: one by one, a run costs more than its arithmetic. */
async function allScores(
  sentences: readonly string[],
  vocabulary: Vocabulary,
  run: (contexts: BigInt64Array) => Promise<InferenceSession.OnnxValueMapType>,
): Promise<WordScores> {
  const contexts = new Set<string>();
  for (const sentence of sentences) {
    const words = wordsOf(sentence);
    words.forEach((_, at) => contexts.add(words.slice(0, at).join(" ")));
  }
  const all = [...contexts];
  const scores = new Map<string, Float32Array>();
  for (let start = 0; start < all.length; start += BATCH) {
    const batch = all.slice(start, start + BATCH);
    const ids = batch.flatMap((text) => contextOf(wordsOf(text), vocabulary).map(BigInt));
    const [logits] = Object.values(await run(BigInt64Array.from(ids)));
    const data = (logits as Tensor | undefined)?.data;
    if (!(data instanceof Float32Array)) throw new FedgeError("ENGINE_FAILED", "the model gives no logits");
    batch.forEach((text, row) =>
      scores.set(text, data.slice(row * vocabulary.size, (row + 1) * vocabulary.size)),
    );
  }
  return (words) => scores.get(words.join(" ")) ?? new Float32Array(vocabulary.size);
}
