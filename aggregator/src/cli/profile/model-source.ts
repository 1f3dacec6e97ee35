import { FedgeError } from "@fedge/protocol";
import { versionDetail } from "../../http/schema/model-schema.js";
import type { ProfiledModel } from "../../drift/profiles/feature-drafts.js";
import { clientOf, type ServerFlags } from "../server-flags.js";
import { versionPath, versionTarget, type VersionTarget } from "../version-argument.js";
import { readModel } from "../verbs/model-file.js";
import { modelOfFile } from "../../drift/profiles/onnx-model.js";

export interface ModelFlags extends ServerFlags {
  readonly model: string;
  readonly modelVersion?: number;
  readonly onnx?: string;
  readonly loss: string;
}

export interface FoundModel {
  readonly name: string;
  readonly shape: ProfiledModel;
  readonly onnx: Uint8Array;
  /** Null for a file. */
  readonly target: VersionTarget | null;
}

/** The model of `--onnx`, or a version of the aggregator. Throws as `readModel`, `versionTarget` and the client. */
export async function findModel(flags: ModelFlags): Promise<FoundModel> {
  if (flags.onnx !== undefined) {
    const { onnx } = await readModel(flags.onnx);
    return { name: flags.model, shape: modelOfFile(onnx, flags.loss), onnx, target: null };
  }
  const client = clientOf(flags);
  const target = await versionTarget(client, flags.model, flags.modelVersion);
  const path = versionPath(target);
  const { manifest } = await client.get(path, versionDetail);
  const onnx = await client.download(`${path}/export`, { format: "onnx" });
  return { name: target.model, shape: shapeOf(manifest), onnx, target };
}

function shapeOf({ inputs, outputs, target, loss }: ProfiledModel): ProfiledModel {
  return {
    ...{ inputs, outputs },
    ...(target === undefined ? {} : { target }),
    ...(loss === undefined ? {} : { loss }),
  };
}

/** Nothing, where no aggregator answers or it does not know the model and no version was named. */
export async function findModelIfAny(flags: ModelFlags): Promise<FoundModel | FedgeError> {
  try {
    return await findModel(flags);
  } catch (error) {
    const isAbsent =
      error instanceof FedgeError && (error.code === "SERVER_UNREACHABLE" || error.code === "MODEL_UNKNOWN");
    if (isAbsent && flags.modelVersion === undefined && !flags.model.includes("@")) return error;
    throw error;
  }
}
