import {
  FedgeError,
  decodeSafetensors,
  encodeSafetensors,
  type ModelManifest,
  type ModelName,
  type NamedTensor,
} from "@fedge/protocol";
import {
  checkSkew,
  decodeProfile,
  encodeProfile,
  goldenFeatures,
  layoutDocument,
  type FeatureSource,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { sha256Of } from "../../blobs/blob-name.js";

/** A reference profile, and the golden rows that prove a device's feature code and engine. */
export interface ProfilePackage {
  readonly profile: ReferenceProfile;
  /** `inputs/<name>`, `outputs/<name>` and `features/<name>`; null where the model was not run. */
  readonly golden: { readonly tensors: readonly NamedTensor[]; readonly tolerance: number } | null;
}

const PROFILE = "profile";
const ONNX = "onnx";
const TOLERANCE = "fedge.tolerance";
const isGolden = ({ name }: NamedTensor): boolean => /^(?:inputs|outputs|features)\//.test(name);

/** The profile with golden rows whose outputs a device must give within the tolerance. */
export function packageOf(
  profile: ReferenceProfile,
  rows: readonly NamedTensor[],
  tolerance: number,
): ProfilePackage {
  return { profile, golden: { tensors: [...rows, ...goldenFeatures(profile, rows)], tolerance } };
}

/** One file, as it is sent to an aggregator; with the model, for an import of both. */
export function encodeProfilePackage(
  { profile, golden }: ProfilePackage,
  onnx: Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  const bytes = (name: string, data: Uint8Array): NamedTensor => ({
    ...{ name, elementType: "uint8", shape: [data.length], data },
  });
  const tensors = [bytes(PROFILE, encodeProfile(profile)), ...(golden?.tensors ?? [])];
  const metadata = golden === null ? {} : { [TOLERANCE]: String(golden.tolerance) };
  return encodeSafetensors(onnx === null ? tensors : [...tensors, bytes(ONNX, onnx)], metadata);
}

/**
 * What `encodeProfilePackage` wrote, checked by itself. Throws TENSORS_MALFORMED, PROFILE_INVALID for a profile that is
 * none, that nobody reviewed or whose layout has another hash, and for golden rows that this feature code does not confirm.
 */
export function decodeProfilePackage(
  file: Uint8Array,
): ProfilePackage & { readonly onnx: Uint8Array<ArrayBuffer> | null } {
  const { tensors, metadata } = decodeSafetensors(file);
  const named = (wanted: string): Uint8Array | null => {
    const found = tensors.find(({ name }) => name === wanted);
    return found?.data instanceof Uint8Array ? found.data : null;
  };
  const profile = decodeProfile(named(PROFILE) ?? new Uint8Array(0));
  requireReady(profile);
  const onnx = named(ONNX);
  const golden = tensors.filter(isGolden);
  return {
    profile,
    golden: golden.length === 0 ? null : { tensors: golden, tolerance: toleranceOf(metadata[TOLERANCE]) },
    onnx: onnx === null ? null : onnx.slice(),
  };
}

/** Throws PROFILE_INVALID for a profile that nobody reviewed, or whose layout has another hash. */
export function requireReady(profile: ReferenceProfile): void {
  const remedy = "look through it, then run `fedge profile review FILE --by NAME`";
  if (profile.reviewedBy === null) throw invalid(`nobody has reviewed it; ${remedy}`);
  if (sha256Of(layoutDocument(profile)) !== profile.layoutSha256)
    throw invalid(`what it counts was changed after its layout's hash was written; ${remedy}`);
}

/** Throws PROFILE_INVALID for a package that is not of this model, or whose golden rows prove nothing. */
export function requireFits(
  { profile, golden }: ProfilePackage,
  manifest: Pick<ModelManifest, "inputs" | "outputs">,
  model: ModelName,
): void {
  if (profile.model !== model) throw invalid(`it is of model "${profile.model}", not of "${model}"`);
  for (const { name, source } of profile.features)
    if (!isThere(source, manifest))
      throw invalid(`feature "${name}" is made of a tensor that the model does not have`);
  if (golden === null) return;
  const skew = checkSkew(profile, golden.tensors);
  if (skew !== null) throw invalid(`${skew}; build the package again with this version of Fedge`);
  const names = new Set(golden.tensors.map(({ name }) => name));
  const missing = [
    ...manifest.inputs.map(({ name }) => `inputs/${name}`),
    ...manifest.outputs.map(({ name }) => `outputs/${name}`),
  ].find((name) => !names.has(name));
  if (missing !== undefined) throw invalid(`its golden rows have no ${missing}`);
}

function isThere(source: FeatureSource, { inputs, outputs }: Pick<ModelManifest, "inputs" | "outputs">) {
  if (!("of" in source) || source.of === "label") return true;
  return (source.of === "input" ? inputs : outputs).some(({ name }) => name === source.name);
}

function toleranceOf(text: string | undefined): number {
  const tolerance = Number(text);
  if (tolerance > 0 && Number.isFinite(tolerance)) return tolerance;
  throw invalid("its golden rows have no tolerance above 0");
}

function invalid(reason: string): FedgeError {
  return new FedgeError("PROFILE_INVALID", `reference profile: ${reason}`);
}
