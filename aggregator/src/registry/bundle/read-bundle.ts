import {
  FedgeError,
  decodeManifest,
  decodeSafetensors,
  type BlobRef,
  type ModelManifest,
} from "@fedge/protocol";
import { describeModel } from "@fedge/onnx-autodiff";
import { sha256Of } from "../../blobs/blob-name.js";
import { decodeExampleResults } from "../../evaluation/example-results.js";
import { decodeModelCard, manifestBlobs, type ModelCard } from "../cards/model-card.js";
import {
  CARD_FILE,
  CARD_PAGE_FILE,
  INDEX_FILE,
  MANIFEST_FILE,
  blobFile,
  decodeBundleIndex,
  type BundleIndex,
} from "./bundle-index.js";
import { MAX_BUNDLE_BYTES } from "./export-bundle.js";
import { decodeTar, type TarFile } from "./tar.js";

export interface ReadBundle {
  readonly index: BundleIndex;
  readonly manifest: ModelManifest;
  readonly manifestBytes: Uint8Array;
  readonly card: ModelCard;
  /** In the order of the index. */
  readonly blobs: readonly Uint8Array[];
}

const MAX_FILES = 260;

/**
 * A bundle with everything about it checked: its form, that it holds the files of its index and no other, every hash and
 * size, the manifest, the card, graphs and weights. Nothing is stored.
 *
 * Throws DATA_CORRUPT, MANIFEST_INVALID, TENSORS_MALFORMED or ONNX_… for what is refused, MESSAGE_TOO_LARGE for more
 * than `MAX_BUNDLE_BYTES`.
 */
export function readBundle(archive: Uint8Array): ReadBundle {
  if (archive.byteLength > MAX_BUNDLE_BYTES)
    throw new FedgeError("MESSAGE_TOO_LARGE", `a bundle has at most ${MAX_BUNDLE_BYTES} bytes`);
  const files = decodeTar(archive, { maxFiles: MAX_FILES });
  const [first] = files;
  if (first?.name !== INDEX_FILE) throw refused(`its first file is not ${INDEX_FILE}`);
  const index = decodeBundleIndex(first.bytes);
  const [manifestBytes, card, , ...blobs] = namedIn(index, files.slice(1));
  if (manifestBytes === undefined || card === undefined) throw refused("files are missing");
  const manifest = decodeManifest(manifestBytes);
  requireIndexOf(index, manifest);
  const bytesOf = new Map(index.blobs.map((ref, i) => [ref.sha256 as string, blobs[i] ?? new Uint8Array(0)]));
  requireGraphs(manifest, bytesOf);
  requireWeights(manifest, bytesOf);
  requireResults(index, bytesOf);
  return { index, manifest, manifestBytes, card: decodeModelCard(card), blobs };
}

/** The bytes behind the index's references, in their order: exactly these files, each as its hash says. */
function namedIn(index: BundleIndex, files: readonly TarFile[]): Uint8Array[] {
  const expected: readonly (readonly [string, BlobRef])[] = [
    [MANIFEST_FILE, index.manifest],
    [CARD_FILE, index.card],
    [CARD_PAGE_FILE, index.cardPage],
    ...index.blobs.map((ref) => [blobFile(ref.sha256), ref] as const),
  ];
  const extra = files.find(({ name }) => !expected.some(([known]) => known === name));
  if (extra !== undefined) throw refused(`it holds ${extra.name}, which its index does not name`);
  return expected.map(([name, ref], i) => {
    const file = files[i];
    if (file?.name !== name) throw refused(`${name} is missing or out of place`);
    if (file.bytes.byteLength !== ref.sizeBytes || sha256Of(file.bytes) !== ref.sha256)
      throw refused(`${name} is not what its index says`);
    return file.bytes;
  });
}

/** The index and the manifest speak of the same version and the same bytes, and nothing else is in the bundle. */
function requireIndexOf(index: BundleIndex, manifest: ModelManifest): void {
  if (manifest.model !== index.model || manifest.version !== index.version)
    throw refused("its manifest is that of another version");
  const results = index.evaluations.map((evaluation) => evaluation.results);
  const others = [index.optimizerState, ...results].filter((ref) => ref !== null);
  const needed = new Map([...manifestBlobs(manifest), ...others].map((ref) => [ref.sha256, ref.sizeBytes]));
  const isNeeded = index.blobs.every(({ sha256, sizeBytes }) => needed.get(sha256) === sizeBytes);
  if (!isNeeded || index.blobs.length !== needed.size)
    throw refused("its blobs are not those of its manifest and evaluations");
}

/** Files and sizes that a graph announces are checked before anything is made of them. */
function requireGraphs({ graphs }: ModelManifest, bytesOf: ReadonlyMap<string, Uint8Array>): void {
  for (const ref of [graphs.infer, graphs.train, graphs.eval, graphs.attribution]) {
    const bytes = ref === undefined ? undefined : bytesOf.get(ref.sha256);
    if (bytes !== undefined) describeModel(bytes);
  }
}

function requireWeights(manifest: ModelManifest, bytesOf: ReadonlyMap<string, Uint8Array>): void {
  const { tensors } = decodeSafetensors(bytesOf.get(manifest.checkpoint.sha256) ?? new Uint8Array(0));
  const shapeOf = new Map(
    tensors.map(({ name, elementType, shape }) => [name, shapeText(elementType, shape)]),
  );
  for (const { name, elementType, shape } of manifest.parameters) {
    if (shapeOf.get(name) !== shapeText(elementType, shape))
      throw refused(`its weights have no ${name} of the manifest's shape`);
  }
}

function requireResults({ evaluations }: BundleIndex, bytesOf: ReadonlyMap<string, Uint8Array>): void {
  for (const { results, numExamples, dataSet } of evaluations) {
    if (results === null) continue;
    const { losses } = decodeExampleResults(bytesOf.get(results.sha256) ?? new Uint8Array(0));
    if (losses.length > numExamples) throw refused(`results on ${dataSet} are of more examples than it has`);
  }
}

function shapeText(elementType: string, shape: readonly number[]): string {
  return `${elementType} ${shape.join("x")}`;
}

function refused(why: string): FedgeError {
  return new FedgeError("DATA_CORRUPT", `the bundle is refused: ${why}; export it again`);
}
