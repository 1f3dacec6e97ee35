import { FedgeError, modelName, type ModelName } from "@fedge/protocol";

/** The name, checked. Throws OPTION_INVALID. */
export function toModelName(name: string): ModelName {
  const result = modelName.safeParse(name);
  if (!result.success)
    throw new FedgeError("OPTION_INVALID", `"${name}" is not a model name: 1 to 64 letters, digits, _ or -`);
  return result.data;
}

/** For a name that is not among the models which the device was started with. */
export function unknownModel(name: string, models: readonly string[]): FedgeError {
  return new FedgeError(
    "MODEL_UNKNOWN",
    `"${name}" is not among this device's models (${models.join(", ")})`,
  );
}
