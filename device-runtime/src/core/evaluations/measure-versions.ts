import {
  FedgeError,
  decodeManifest,
  decodeSafetensors,
  type BlobRef,
  type Evaluate,
  type Evaluated,
  type EvaluationSums,
  type ModelManifest,
  type PortShape,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import { requireRuntime, requireSameVersion, requireTensors } from "../installs/installer.js";
import type { Examples, ServingEngine, StopSignal } from "../ports/engine.js";
import type { DevicePorts } from "../ports/ports.js";
import { programToEvaluate } from "../serving/programs.js";
import type { EvaluationPace } from "./evaluation-pace.js";
import { batchesOf, sumOver, type VersionSums } from "./version-sums.js";

export interface MeasureParts {
  readonly ports: Pick<DevicePorts, "serving" | "trainingData">;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly pace: Pick<EvaluationPace, "turn">;
}

/**
 * Measures every version on the same labelled examples, one version after the other, and keeps none of them: a version
 * that is evaluated is no release, so its bytes are held to the hashes of the request and are never served.
 *
 * Throws TRAINING_INTERRUPTED after a stop, between two batches; DATA_MISSING where there are no examples,
 * MODEL_INCOMPATIBLE, MODEL_INPUT_INVALID for examples that a version does not take, and what the fetcher and the engine throw.
 */
export async function measureVersions(
  ask: Evaluate,
  parts: MeasureParts,
  signal: StopSignal,
): Promise<Evaluated> {
  const data = parts.ports.trainingData[ask.model];
  if (data === undefined || data.numExamples() === 0)
    throw new FedgeError("DATA_MISSING", `there are no labelled examples for "${ask.model}"`);
  const examples = firstExamples(await data.examples(ask.maxExamples), ask.maxExamples);
  const measured: (VersionSums & { readonly version: number })[] = [];
  for (const { version, manifest } of ask.versions) {
    const sums = await measureOne({ ...ask, version, manifest }, { ...parts, examples }, signal);
    measured.push({ version, ...sums });
  }
  const { runId, attempt } = ask;
  const numTerms = sameTerms(measured);
  const results = measured.map(({ version, numCorrect, lossSum }): EvaluationSums => {
    return { version, numCorrect, lossSum: Number.isFinite(lossSum) ? lossSum : null };
  });
  return { type: "evaluated", runId, attempt, numExamples: examples.numExamples, numTerms, results };
}

type OneVersion = Pick<Evaluate, "model"> & Evaluate["versions"][number];
type OneParts = MeasureParts & { readonly examples: Examples };

async function measureOne(
  wanted: OneVersion,
  { ports, fetcher, pace, examples }: OneParts,
  signal: StopSignal,
): Promise<VersionSums> {
  const fetch = (ref: BlobRef): Promise<Uint8Array> => fetcher.fetch(ref, signal);
  const { manifest, target, session } = await load(wanted, { fetch, engine: ports.serving });
  try {
    const batches = batchesOf(manifest, target, examples);
    return await sumOver(session, batches, async () => {
      await pace.turn(signal);
      requireWanted(signal);
    });
  } finally {
    await session.close();
  }
}

interface LoadParts {
  readonly fetch: (ref: BlobRef) => Promise<Uint8Array>;
  readonly engine: ServingEngine;
}

/** What measures the version: its eval graph, or its topology with the loss. It takes the target as well, and gives sums instead of answers. */
async function load(wanted: OneVersion, { fetch, engine }: LoadParts) {
  const manifest = decodeManifest(await fetch(wanted.manifest));
  requireSameVersion(manifest, wanted);
  requireRuntime(manifest);
  const program = programToEvaluate(manifest, engine.form);
  const target = targetOf(manifest);
  const bytes = await fetch(program);
  const { tensors } = decodeSafetensors(await fetch(manifest.checkpoint));
  requireTensors(manifest.parameters, tensors);
  const withTarget = { ...manifest, inputs: [...manifest.inputs, target] };
  return {
    ...{ manifest, target },
    session: await engine.load({ manifest: withTarget, program: bytes, tensors, isMeasured: true }),
  };
}

function targetOf({ target, model }: ModelManifest): PortShape {
  if (target !== undefined) return target;
  throw new FedgeError("MODEL_INCOMPATIBLE", `model "${model}" has no target to be measured by`);
}

/** An app may give more than it was asked for. */
function firstExamples(given: Examples, maxExamples: number): Examples {
  if (given.numExamples < 1) throw new FedgeError("DATA_MISSING", "the app gave no labelled examples");
  return given.numExamples <= maxExamples ? given : { ...given, numExamples: maxExamples };
}

/** Versions whose losses have different terms are not measured on the same thing. */
function sameTerms(measured: readonly VersionSums[]): number {
  const [first] = measured;
  if (first !== undefined && measured.every(({ numTerms }) => numTerms === first.numTerms))
    return first.numTerms;
  throw new FedgeError("MODEL_INCOMPATIBLE", "the versions' losses do not count the same terms");
}

function requireWanted(signal: StopSignal): void {
  if (signal.aborted)
    throw new FedgeError("TRAINING_INTERRUPTED", "the evaluation was stopped before its end");
}
