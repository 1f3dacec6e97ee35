import {
  FedgeError,
  createRandom,
  decodeManifest,
  decodeSafetensors,
  encodeUpdate,
  encodedUpdateBytes,
  numScalars,
  type Assigned,
  type BlobRef,
  type DeviceId,
  type Report,
} from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { ProgramForm, StopSignal, TrainingRequest } from "../ports/engine.js";
import type { DevicePorts } from "../ports/ports.js";
import { programToTrain } from "../serving/programs.js";

export interface LocalUpdate {
  readonly report: Report;
  readonly bytes: Uint8Array;
}

export interface LocalTrainingParts {
  readonly ports: Pick<DevicePorts, "trainer" | "digest" | "trainingData">;
  readonly fetcher: Pick<BlobFetcher, "fetch">;
  readonly deviceId: DeviceId;
  /** Told when everything is here and the trainer begins. */
  readonly onTraining: () => void;
}

/**
 * Carries out an assignment: fetches the base version, trains, encodes.
 *
 * Throws MODEL_INCOMPATIBLE, UPDATE_TOO_LARGE, TRAINING_INTERRUPTED, and what the fetcher and the trainer throw.
 */
export async function trainLocally(
  assignment: Assigned,
  parts: LocalTrainingParts,
  signal: StopSignal,
): Promise<LocalUpdate> {
  const { ports } = parts;
  const fetch = (ref: BlobRef): Promise<Uint8Array> => parts.fetcher.fetch(ref, signal);
  const bundle = await fetchBundle(assignment, { fetch, form: ports.trainer.form });
  if (signal.aborted) throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before it began");
  const data = ports.trainingData[assignment.model];
  if (data === undefined)
    throw new FedgeError("TRAINING_FAILED", `there are no examples for "${assignment.model}"`);
  const { plan, upload } = assignment;
  const examples = await data.examples(plan.maxExamples);
  const seed = `${plan.seed}/${parts.deviceId}`;
  parts.onTraining();
  const { delta, numExamples, metrics } = await ports.trainer.train(
    { ...bundle, plan, seed, examples },
    signal,
  );
  const { encoding } = upload;
  const bytes = encodeUpdate(delta, encoding, createRandom(`${seed}/rounding`));
  const sha256 = await ports.digest.sha256(bytes);
  const { taskId, roundId, attempt, baseVersion } = assignment;
  const update = { sha256, sizeBytes: bytes.byteLength, encoding };
  return {
    bytes,
    report: { type: "report", taskId, roundId, attempt, baseVersion, numExamples, update, metrics },
  };
}

type Bundle = Pick<TrainingRequest, "manifest" | "program" | "programSha256" | "tensors">;

async function fetchBundle(
  assignment: Assigned,
  { fetch, form }: { readonly fetch: (ref: BlobRef) => Promise<Uint8Array>; readonly form: ProgramForm },
): Promise<Bundle> {
  const manifest = decodeManifest(await fetch(assignment.manifest));
  const { model, version } = manifest;
  if (model !== assignment.model || version !== assignment.baseVersion) {
    const announced = `${assignment.model} ${assignment.baseVersion}`;
    throw new FedgeError("MODEL_INCOMPATIBLE", `the bundle is ${model} ${version} instead of ${announced}`);
  }
  const program = programToTrain(manifest, form);
  requireUploadFits(assignment, numScalars(manifest.parameters));
  const { sha256: programSha256 } = program;
  const bytes = await fetch(program);
  const { tensors } = decodeSafetensors(await fetch(manifest.checkpoint));
  return { manifest, program: bytes, programSha256, tensors };
}

/** Before the training, not after it: an update that the server will not take is not worth a battery. */
function requireUploadFits({ upload }: Assigned, numParameters: number): void {
  const sizeBytes = encodedUpdateBytes(numParameters, upload.encoding);
  if (sizeBytes <= upload.maxBytes) return;
  throw new FedgeError(
    "UPDATE_TOO_LARGE",
    `the update takes ${sizeBytes} bytes; the server takes ${upload.maxBytes}`,
  );
}
