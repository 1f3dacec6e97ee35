import {
  FedgeError,
  createRandom,
  decodeManifest,
  decodeSafetensors,
  encodeUpdate,
  type Assigned,
  type DeviceId,
  type Report,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { StopSignal } from "../ports/engine.js";
import type { DevicePorts } from "../ports/ports.js";

export interface LocalUpdate {
  readonly report: Report;
  readonly bytes: Uint8Array;
}

export interface LocalTrainingParts {
  readonly ports: Pick<DevicePorts, "trainer" | "digest" | "trainingData">;
  readonly fetcher: BlobFetcher;
  readonly deviceId: DeviceId;
}

/** Carries out an assignment: fetches the base version, trains, encodes. Throws what the fetcher and trainer throw. */
export async function trainLocally(
  assignment: Assigned,
  parts: LocalTrainingParts,
  signal: StopSignal,
): Promise<LocalUpdate> {
  const { ports, fetcher } = parts;
  const manifest = decodeManifest(await fetcher.fetch(assignment.manifest));
  const trainRef = manifest.graphs.train;
  const data = ports.trainingData[assignment.model];
  if (trainRef === undefined)
    throw new FedgeError("MODEL_INCOMPATIBLE", "the assigned version has no train graph");
  if (data === undefined)
    throw new FedgeError("TRAINING_FAILED", `there are no examples for "${assignment.model}"`);
  const trainGraph = await fetcher.fetch(trainRef);
  const { tensors } = decodeSafetensors(await fetcher.fetch(manifest.checkpoint));
  const seed = `${assignment.plan.seed}/${parts.deviceId}`;
  const examples = await data.examples(assignment.plan.maxExamples);
  const result = await ports.trainer.train(
    {
      manifest,
      trainGraph,
      trainGraphSha256: trainRef.sha256,
      tensors,
      plan: assignment.plan,
      seed,
      examples,
    },
    signal,
  );
  const { encoding } = assignment.upload;
  const bytes = encodeUpdate(result.delta, encoding, createRandom(`${seed}/rounding`));
  const sha256 = await ports.digest.sha256(bytes);
  const { taskId, roundId, attempt, baseVersion } = assignment;
  const { numExamples, metrics } = result;
  const update = { sha256, sizeBytes: bytes.byteLength, encoding };
  return {
    bytes,
    report: { type: "report", taskId, roundId, attempt, baseVersion, numExamples, update, metrics },
  };
}
