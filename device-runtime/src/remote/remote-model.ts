import type { DeviceModel } from "../core/device-interface.js";
import { unknownModel } from "../core/model-names.js";
import { ModelView } from "../core/model-view.js";
import type { ModelInputs } from "../core/serving/check-inputs.js";
import type { Prediction } from "../core/serving/model-host.js";

/** One of the models of a device that lives elsewhere. Throws MODEL_UNKNOWN for a name that is not among them. */
export function remoteModel(
  name: string,
  of: {
    readonly models: readonly string[];
    readonly predict: (inputs: ModelInputs) => Promise<Prediction>;
    readonly version: () => number | null;
  },
): DeviceModel {
  if (!of.models.includes(name)) throw unknownModel(name, of.models);
  return new ModelView(of.predict, of.version);
}
