import {
  buildTrainingGraphs,
  type TensorSpec,
  type TrainingGraphs,
  type ValueSpec,
} from "@fedge/onnx-autodiff";
import {
  FedgeError,
  MANIFEST_FORMAT,
  decodeManifest,
  encodeManifest,
  elementType as elementTypeSchema,
  encodeSafetensors,
  type ModelManifest,
  type NamedTensor,
  type PortShape,
  type TensorShape,
} from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ModelImport } from "../service.js";
import type { CheckTraining, TrainingCheck } from "./training-check.js";
import type { ControlStore } from "../store/port.js";

const ELEMENT_TYPES = elementTypeSchema.options;

export const RUNTIME_VERSION = "0.1.0";

export interface RegistryPorts {
  readonly store: ControlStore;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
  readonly checkTraining: CheckTraining;
}

/** A new version, and what a training step of it took. */
export interface ImportedModel {
  readonly record: VersionRecord;
  readonly check: TrainingCheck;
}

/**
 * Differentiates an ONNX model and makes it a version: graphs, checkpoint and manifest as blobs, then one row.
 *
 * Throws ONNX_… for a model that cannot be trained, TRAINING_FAILED when a training step of it fails, VERSION_CONFLICT when the parameters differ from the model's, and
 * TASK_STATE_CONFLICT while a task trains the model: it would go on from another model than the one it began with.
 */
export async function importModel(ports: RegistryPorts, request: ModelImport): Promise<ImportedModel> {
  const built = differentiate(request);
  const parent = (await ports.store.latestVersion(request.model)) ?? null;
  if (parent !== null) await requireSuccessor(ports, parent, built);
  const check = await ports.checkTraining(built);
  const manifest = await storeBundle(ports.blobs, request, { built, parentVersion: parent?.version ?? null });
  const record: VersionRecord = {
    model: request.model,
    version: manifest.version,
    manifest: await ports.blobs.put(encodeManifest(manifest)),
    checkpoint: manifest.checkpoint,
    optimizerState: null,
    parentVersion: parent?.version ?? null,
    taskId: null,
    roundId: null,
    numUpdates: 0,
    numExamples: 0,
    createdAtMs: ports.nowMs(),
  };
  await ports.store.commitVersion({ version: record, round: null });
  return { record, check };
}

async function requireSuccessor(
  { store, blobs }: RegistryPorts,
  parent: VersionRecord,
  built: TrainingGraphs,
): Promise<void> {
  const { model } = parent;
  const { parameters } = decodeManifest(await blobs.get(parent.manifest.sha256));
  if (JSON.stringify(parameters) !== JSON.stringify(divideTensors(built).federated.map(toTensorShape))) {
    throw new FedgeError(
      "VERSION_CONFLICT",
      `model "${model}" has parameters of other names or shapes; import this one under another name`,
    );
  }
  const running = (await store.listTasks()).find(
    ({ status, config }) => status === "running" && config.model === model,
  );
  if (running === undefined) return;
  const { taskId } = running.config;
  throw new FedgeError(
    "TASK_STATE_CONFLICT",
    `task "${taskId}" trains model "${model}"; pause or stop it first (\`fedge task pause ${taskId}\`)`,
  );
}

function differentiate(request: ModelImport): TrainingGraphs {
  return buildTrainingGraphs(request.onnx, request.training);
}

async function storeBundle(
  blobs: BlobStore,
  request: ModelImport,
  { built, parentVersion }: { readonly built: TrainingGraphs; readonly parentVersion: number | null },
): Promise<ModelManifest> {
  const { federated, state } = divideTensors(built);
  const tensors = [...federated, ...state].map(toNamedTensor);
  return {
    format: MANIFEST_FORMAT,
    model: request.model,
    version: (parentVersion ?? 0) + 1,
    graphs: {
      infer: await blobs.put(built.infer),
      train: await blobs.put(built.train),
      eval: await blobs.put(built.eval),
    },
    checkpoint: await blobs.put(encodeSafetensors(tensors)),
    parameters: federated.map(toTensorShape),
    state: state.map(toTensorShape),
    inputs: built.inputs.map(toPortShape),
    outputs: built.outputs.map(toPortShape),
    target: toPortShape(built.loss.target),
    loss: built.loss.kind,
    proximal: request.training.proximal ?? false,
    minRuntimeVersion: RUNTIME_VERSION,
    lineage: { parentVersion, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 },
  };
}

/**
 * Running statistics are averaged over the devices as parameters are: a version without those of its data could not
 * answer. What optimizers and dropout keep stays on the device.
 */
function divideTensors({ parameters, state, statistics }: TrainingGraphs): {
  readonly federated: readonly TensorSpec[];
  readonly state: readonly TensorSpec[];
} {
  const isStatistic = ({ name }: TensorSpec): boolean => statistics.includes(name);
  return {
    federated: [...parameters, ...state.filter(isStatistic)],
    state: state.filter((tensor) => !isStatistic(tensor)),
  };
}

function toNamedTensor(spec: TensorSpec): NamedTensor {
  const { name, shape } = toTensorShape(spec);
  return { name, shape, elementType: "float32", data: spec.data as Float32Array };
}

/** Federated parameters are float32: that is what updates encode and what the sum is made for. */
function toTensorShape(spec: TensorSpec): TensorShape {
  if (spec.elementType !== "float32") {
    const message = `parameter "${spec.name}" is ${spec.elementType}; export the model with float32 parameters`;
    throw new FedgeError("ONNX_OPTION_INVALID", message);
  }
  return { name: spec.name, elementType: "float32", shape: [...spec.shape] };
}

function toPortShape(spec: ValueSpec): PortShape {
  const elementType = ELEMENT_TYPES.find((type) => type === spec.elementType);
  if (elementType === undefined || spec.shape === undefined) {
    const message = `"${spec.name}" (${spec.elementType}) has an element type or rank that devices cannot be told`;
    throw new FedgeError("ONNX_OPTION_INVALID", message);
  }
  return {
    name: spec.name,
    elementType,
    shape: spec.shape.map((size) => (typeof size === "number" ? size : null)),
  };
}
