import {
  FedgeError,
  decodeSafetensors,
  encodeSafetensors,
  type ModelManifest,
  type ModelName,
  type NamedTensor,
} from "@fedge/protocol";
import {
  GOLDEN_FEATURE,
  checkSkew,
  countsFault,
  decodeProfile,
  encodeProfile,
  goldenFeatures,
  layoutDocument,
  type FeatureSource,
  type ReferenceProfile,
} from "@fedge/protocol/profile";
import { sha256Of } from "../../blobs/blob-name.js";
import { rowWidth } from "../../drift/profiles/feature-drafts.js";

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

/** Throws PROFILE_INVALID for a profile that nobody reviewed, whose layout has another hash or whose counts are not of its rows. */
export function requireReady(profile: ReferenceProfile): void {
  const remedy = "look through it, then run `fedge profile review FILE --by NAME`";
  if (profile.reviewedBy === null) throw invalid(`nobody has reviewed it; ${remedy}`);
  if (sha256Of(layoutDocument(profile)) !== profile.layoutSha256)
    throw invalid(`what it counts was changed after its layout's hash was written; ${remedy}`);
  const fault = countsFault(profile);
  if (fault !== null) throw invalid(`${fault}; build it again`);
}

/** Throws PROFILE_INVALID for a package that is not of this model, or whose golden rows prove nothing. */
export function requireFits(
  { profile, golden }: ProfilePackage,
  manifest: FittedModel,
  model: ModelName,
): void {
  if (profile.model !== model) throw invalid(`it is of model "${profile.model}", not of "${model}"`);
  for (const { name, source } of profile.features) {
    const fault = sourceFault(source, manifest);
    if (fault !== null) throw invalid(`feature "${name}" is made of ${fault}`);
  }
  if (golden !== null) requireProof(profile, golden.tensors, manifest);
}

type FittedModel = Pick<ModelManifest, "inputs" | "outputs"> & Partial<Pick<ModelManifest, "target">>;

/** Throws PROFILE_INVALID for golden rows that do not show that features and model are computed alike. */
function requireProof(
  profile: ReferenceProfile,
  tensors: readonly NamedTensor[],
  { inputs, outputs }: FittedModel,
): void {
  const skew = checkSkew(profile, tensors);
  if (skew !== null) throw invalid(`${skew}; build the package again with this version of Fedge`);
  const names = new Set(tensors.map(({ name }) => name));
  const missing = [
    ...inputs.map(({ name }) => `inputs/${name}`),
    ...outputs.map(({ name }) => `outputs/${name}`),
  ].find((name) => !names.has(name));
  if (missing !== undefined) throw invalid(`its golden rows have no ${missing}`);
  const empty = tensors.find(({ name, data }) => name.startsWith(GOLDEN_FEATURE) && isEmpty(data));
  if (empty !== undefined)
    throw invalid(
      `feature "${empty.name.slice(GOLDEN_FEATURE.length)}" has no value in any golden row, so they prove nothing of it; look at its source`,
    );
}

/** Whether each value is missing. */
function isEmpty(data: NamedTensor["data"]): boolean {
  return Array.from(data as ArrayLike<number | bigint>, Number).every(Number.isNaN);
}

/** Why the model has no such value, in words; null where it has, or where its shape does not say. */
function sourceFault(source: FeatureSource, { inputs, outputs, target }: FittedModel): string | null {
  if (!("of" in source)) return null;
  const ports = { input: inputs, output: outputs, label: target === undefined ? [] : [target] }[source.of];
  const port = source.of === "label" ? ports[0] : ports.find(({ name }) => name === source.name);
  if (port === undefined) return source.of === "label" ? null : "a tensor that the model does not have";
  const width = rowWidth(port);
  if (source.take !== "value" || width === null || source.at < width) return null;
  return `number ${source.at} of a row of ${source.of} "${source.name}", which has ${width}, counted from 0`;
}

function toleranceOf(text: string | undefined): number {
  const tolerance = Number(text);
  if (tolerance > 0 && Number.isFinite(tolerance)) return tolerance;
  throw invalid("its golden rows have no tolerance above 0");
}

function invalid(reason: string): FedgeError {
  return new FedgeError("PROFILE_INVALID", `reference profile: ${reason}`);
}
