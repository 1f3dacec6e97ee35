import { buildTrainingGraphs, type TensorSpec } from "@fedge/onnx-autodiff";
import {
  FedgeError,
  MANIFEST_FORMAT,
  encodeManifest,
  encodeSafetensors,
  type ModelManifest,
  type NamedTensor,
  type PortShape,
  type TensorShape,
} from "@fedge/protocol";
import type { BlobStore } from "../blobs/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ModelImport } from "../service.js";
import type { ControlStore } from "../store/port.js";

export const RUNTIME_VERSION = "0.1.0";

export interface RegistryPorts {
  readonly store: ControlStore;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
}

/**
 * Differentiates an ONNX model and makes it a version: graphs, checkpoint and manifest as blobs, then one row.
 *
 * Throws ONNX_… for a model that cannot be trained, VERSION_CONFLICT when the parameters differ from the model's.
 */
export async function importModel(ports: RegistryPorts, request: ModelImport): Promise<VersionRecord> {
  const { momentum, weightDecay, nesterov } = request.optimizer;
  const built = buildTrainingGraphs(request.onnx, {
    loss: request.loss,
    optimizer: { kind: "sgd", momentum, weightDecay, nesterov },
    proximal: true,
    ...(request.trainable.length === 0 ? {} : { trainable: request.trainable }),
  });
  const parent = await ports.store.latestVersion(request.model);
  const version = (parent?.version ?? 0) + 1;
  const [infer, train, evaluate] = [
    await ports.blobs.put(built.infer),
    await ports.blobs.put(built.train),
    await ports.blobs.put(built.eval),
  ];
  const checkpoint = await ports.blobs.put(
    encodeSafetensors([...built.parameters, ...built.state].map(toNamedTensor)),
  );
  const manifest: ModelManifest = {
    format: MANIFEST_FORMAT,
    model: request.model,
    version,
    graphs: { infer, train, eval: evaluate },
    checkpoint,
    parameters: built.parameters.map(toTensorShape),
    state: built.state.map(toTensorShape),
    inputs: built.inputs.map(toPortShape),
    outputs: built.outputs.map(toPortShape),
    target: toPortShape(built.target),
    loss: request.loss,
    proximal: true,
    minRuntimeVersion: RUNTIME_VERSION,
    lineage: {
      parentVersion: parent?.version ?? null,
      taskId: null,
      roundId: null,
      numUpdates: 0,
      numExamples: 0,
    },
  };
  const record: VersionRecord = {
    model: request.model,
    version,
    manifest: await ports.blobs.put(encodeManifest(manifest)),
    checkpoint,
    optimizerState: null,
    parentVersion: parent?.version ?? null,
    taskId: null,
    roundId: null,
    numUpdates: 0,
    numExamples: 0,
    createdAtMs: ports.nowMs(),
  };
  await ports.store.commitVersion({ version: record, round: null });
  return record;
}

function toNamedTensor(spec: TensorSpec): NamedTensor {
  return { name: spec.name, elementType: spec.elementType, shape: spec.shape, data: spec.data };
}

function toTensorShape(spec: TensorSpec): TensorShape {
  if (spec.elementType !== "float32") {
    throw new FedgeError(
      "ONNX_OPTION_INVALID",
      `parameter "${spec.name}" is ${spec.elementType}; federated parameters are float32`,
    );
  }
  return { name: spec.name, elementType: spec.elementType, shape: [...spec.shape] };
}

function toPortShape(port: {
  name: string;
  elementType: string;
  shape: readonly (number | null | string)[];
}): PortShape {
  const shape = port.shape.map((size) => (typeof size === "number" ? size : null));
  return { name: port.name, elementType: port.elementType as PortShape["elementType"], shape };
}
