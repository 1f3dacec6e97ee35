import { layersTopologyOf, type TensorSpec, type TrainingGraphs, type ValueSpec } from "@fedge/onnx-autodiff";
import {
  FedgeError,
  MANIFEST_FORMAT,
  decodeManifest,
  encodeManifest,
  elementType as elementTypeSchema,
  encodeSafetensors,
  type BlobRef,
  type ModelManifest,
  type ModelName,
  type NamedTensor,
  type PortShape,
  type Sha256,
  type TensorShape,
} from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { Provenance, VersionRecord } from "../rounds/journal.js";
import type { Attribution, PrepareModel, TrainingCheck } from "../model-check/prepared-model.js";
import type { ModelImport } from "../service.js";
import type { ControlStore } from "../store/port.js";
import type { RegistryStore } from "./registry-store.js";
import { importEntry } from "./import-entry.js";
import { requireFits } from "./profiles/profile-package.js";
import { storeProfile } from "./profiles/store-profile.js";
import { layersTrainAlike } from "./layers-training.js";

const ELEMENT_TYPES = elementTypeSchema.options;

export const RUNTIME_VERSION = "0.1.0";

/** Who imports where nobody is named: the program that the aggregator runs in. */
export const OWN_IMPORTS = "system";

/** An import came from no round. */
export const IMPORTED: Provenance = {
  cohortSize: 0,
  privacySpent: null,
  dataWindow: null,
  codeVersion: RUNTIME_VERSION,
  signer: null,
};

/** Stands for a blob that is not stored yet. */
const NO_BLOB: BlobRef = { sha256: "0".repeat(64) as Sha256, sizeBytes: 1 };

export interface RegistryPorts {
  readonly store: ControlStore & Pick<RegistryStore, "addStatement">;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
  readonly prepare: PrepareModel;
}

/** A new version, and what a training step of it took. */
export interface ImportedModel {
  readonly record: VersionRecord;
  readonly check: TrainingCheck;
  /** Why devices cannot explain its predictions; null when they can. */
  readonly unexplained: string | null;
}

/**
 * Differentiates an ONNX model, tries a training step, and makes it a version: graphs, checkpoint and manifest as
 * blobs, then one row. Nothing is stored of a model that is refused.
 *
 * Throws ONNX_… for a model that cannot be trained, TRAINING_FAILED when a step of it fails, MANIFEST_INVALID for one
 * beyond what devices are told, PROFILE_INVALID for a profile of another model, VERSION_CONFLICT when the parameters differ from the model's, and TASK_STATE_CONFLICT
 * while a task trains the model: it would go on from another model than the one it began with.
 */
export async function importModel(ports: RegistryPorts, request: ModelImport): Promise<ImportedModel> {
  const { onnx, training } = request;
  const { graphs: built, attribution, check } = await ports.prepare({ onnx, training });
  const parent = (await ports.store.latestVersion(request.model)) ?? null;
  if (parent !== null) await requireSuccessor(ports, parent, built);
  const manifest = await storeBundle(ports.blobs, request, {
    ...{ built, attribution, parentVersion: parent?.version ?? null },
  });
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
    provenance: IMPORTED,
    finalSum: null,
    createdAtMs: ports.nowMs(),
    deletedAtMs: null,
  };
  const audit = importEntry(record, request.actor ?? OWN_IMPORTS, record.createdAtMs);
  await ports.store.commitVersion({ version: record, round: null, audit });
  if (request.purpose !== undefined) await keepPurpose(ports, record, request);
  return { record, check, unexplained: "obstacle" in attribution ? attribution.obstacle : null };
}

function keepPurpose(
  { store, nowMs }: RegistryPorts,
  { model, version }: VersionRecord,
  { purpose: text = "", actor = OWN_IMPORTS }: Pick<ModelImport, "purpose" | "actor">,
): Promise<void> {
  const id = { model: model as ModelName, version };
  return store.addStatement(id, { actor, statement: { kind: "purpose", text }, atMs: nowMs() });
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
  await requireNoRunningTask(store, model as ModelName);
}

/** Throws TASK_STATE_CONFLICT while a task trains the model: it would go on from another model than the one it began with. */
export async function requireNoRunningTask(
  store: Pick<ControlStore, "listTasks">,
  model: ModelName,
): Promise<void> {
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

interface Bundle {
  readonly built: TrainingGraphs;
  readonly attribution: Attribution;
  readonly parentVersion: number | null;
}

async function storeBundle(blobs: BlobStore, request: ModelImport, bundle: Bundle): Promise<ModelManifest> {
  const { built, attribution } = bundle;
  const { federated, state } = divideTensors(built);
  // Refuses what no manifest may say, before anything is stored.
  const empty = manifestOf(request, bundle, { infer: NO_BLOB, checkpoint: NO_BLOB });
  encodeManifest(empty);
  if (request.profile !== undefined) requireFits(request.profile, empty, request.model);
  const checkpoint = encodeSafetensors([...federated, ...state.filter(beginsNonZero)].map(toNamedTensor));
  const manifest = manifestOf(request, bundle, {
    infer: await blobs.put(built.infer),
    train: await blobs.put(built.train),
    eval: await blobs.put(built.eval),
    ...("graph" in attribution ? { attribution: await blobs.put(attribution.graph) } : {}),
    checkpoint: await blobs.put(checkpoint),
    ...(await storeLayers(blobs, request)),
  });
  return request.profile === undefined
    ? manifest
    : { ...manifest, ...(await storeProfile(blobs, request.profile)) };
}

async function storeLayers(
  blobs: BlobStore,
  { onnx, training }: ModelImport,
): Promise<{ readonly layers?: BlobRef }> {
  const layers = training.trainable === undefined ? layersTopologyOf(onnx) : undefined;
  return layers === undefined ? {} : { layers: await blobs.put(layers) };
}

function manifestOf(
  request: ModelImport,
  { built, parentVersion }: Bundle,
  { checkpoint, ...graphs }: ModelManifest["graphs"] & { readonly checkpoint: BlobRef },
): ModelManifest {
  const { federated, state } = divideTensors(built);
  return {
    format: MANIFEST_FORMAT,
    model: request.model,
    version: (parentVersion ?? 0) + 1,
    graphs,
    ...(graphs.layers !== undefined && layersTrainAlike(request.training) ? { layersTraining: true } : {}),
    checkpoint,
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

/** A device fills in the rest, so that the optimizer's empty memory does not travel with every version. */
function beginsNonZero({ data }: TensorSpec): boolean {
  return data.some((value: number | bigint) => Number(value) !== 0);
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

export function toPortShape(spec: ValueSpec): PortShape {
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
