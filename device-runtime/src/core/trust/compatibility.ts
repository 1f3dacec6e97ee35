import { FedgeError, type TargetCustom } from "@fedge/protocol";

/** Whether a runtime may serve a release. Throws MODEL_INCOMPATIBLE. */
export function requireCompatible(
  { minRuntimeVersion, engines }: Pick<TargetCustom, "minRuntimeVersion" | "engines">,
  own: { readonly runtimeVersion: string; readonly form: "onnx" | "layers" },
): void {
  if (!isAtLeast(own.runtimeVersion, minRuntimeVersion)) {
    throw incompatible(`needs runtime ${minRuntimeVersion}; this is ${own.runtimeVersion}`);
  }
  if (engines !== undefined && !engines.includes(own.form)) {
    throw incompatible(`is there as ${engines.join(" and ")} only; this engine runs ${own.form}`);
  }
}

/** A version that is no number is newer than everything. */
function isAtLeast(version: string, wanted: string): boolean {
  const [have, need] = [version.split(".").map(Number), wanted.split(".").map(Number)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (have[at] ?? 0) - (need[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function incompatible(reason: string): FedgeError {
  return new FedgeError("MODEL_INCOMPATIBLE", `the release ${reason}`);
}
