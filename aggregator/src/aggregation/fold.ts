import {
  FedgeError,
  INT8_BLOCK,
  MAX_PARAMETERS,
  encodedUpdateBytes,
  type UpdateEncoding,
} from "@fedge/protocol";
import type { FoldBounds, UpdateNorms } from "../rounds/ports.js";
import { fractionBits } from "./fixed-point.js";
import { FOLD_KERNELS_BASE64 } from "./fold-kernels.generated.js";
import { SNAPSHOT_HEADER_BYTES, decodeSnapshotHeader, encodeSnapshotHeader } from "./fold-snapshot.js";

interface Kernels {
  readonly check: (encoding: UpdateEncoding) => (body: number, count: number, numScales: number) => void;
  readonly fold: (
    encoding: UpdateEncoding,
  ) => (acc: number, body: number, count: number, numScales: number, factor: number) => void;
  readonly mean: (acc: number, out: number, count: number, divisor: number) => void;
}

const PAGE_BYTES = 65_536;
const ACCUMULATORS = 64;

/**
 * Example-weighted sum of updates in 64-bit fixed point, so that it is the same bits whatever order they come in.
 *
 * Memory: 8 bytes a parameter and one update, independent of the cohort.
 */
export class FixedPointFold {
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #paddedCount: number;
  readonly #body: number;
  readonly #fractionBits: number;
  #totalExamples = 0;
  #numUpdates = 0;
  #loaded: {
    readonly encoding: UpdateEncoding;
    readonly norms: UpdateNorms;
    readonly maxAbs: number;
  } | null = null;

  constructor(readonly bounds: FoldBounds) {
    if (
      !Number.isInteger(bounds.numParameters) ||
      bounds.numParameters < 1 ||
      bounds.numParameters > MAX_PARAMETERS
    ) {
      throw new FedgeError(
        "OPTION_INVALID",
        `${bounds.numParameters} parameters; 1 to ${MAX_PARAMETERS} are allowed`,
      );
    }
    this.#fractionBits = fractionBits(bounds);
    this.#paddedCount = Math.ceil(bounds.numParameters / INT8_BLOCK) * INT8_BLOCK;
    this.#body = ACCUMULATORS + 8 * this.#paddedCount;
    const pages = Math.ceil((this.#body + 4 * this.#paddedCount) / PAGE_BYTES);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#kernels = instantiate(this.#memory);
  }

  get totalExamples(): number {
    return this.#totalExamples;
  }

  get numUpdates(): number {
    return this.#numUpdates;
  }

  /** Takes an encoded update in and says what its values are. Throws UPDATE_TRUNCATED or UPDATE_TOO_LARGE. */
  check(body: Uint8Array, encoding: UpdateEncoding): UpdateNorms {
    const expected = encodedUpdateBytes(this.bounds.numParameters, encoding);
    if (body.byteLength !== expected) {
      const code = body.byteLength < expected ? "UPDATE_TRUNCATED" : "UPDATE_TOO_LARGE";
      throw new FedgeError(code, `update of ${body.byteLength} bytes; this model's is ${expected}`);
    }
    this.#load(body, encoding);
    this.#kernels.check(encoding)(this.#body, this.#paddedCount, this.#numScales);
    const view = new DataView(this.#memory.buffer);
    const maxAbs = view.getFloat32(8, true);
    const isFinite = maxAbs < Infinity;
    const norms = { isFinite, l2Norm: isFinite ? Math.sqrt(view.getFloat64(0, true)) : Infinity };
    this.#loaded = { encoding, norms, maxAbs };
    return norms;
  }

  /** Adds the update that `check` saw last. Throws INTERNAL when it would not fit the fixed point that was chosen. */
  addChecked(numExamples: number): void {
    const loaded = this.#loaded;
    this.#loaded = null;
    if (loaded === null) throw new FedgeError("INTERNAL", "an update must be checked before it is added");
    const { maxNorm, maxExamplesPerDevice, maxCohortSize } = this.bounds;
    const fits = loaded.norms.isFinite && loaded.maxAbs <= maxNorm && numExamples <= maxExamplesPerDevice;
    if (!fits || !Number.isInteger(numExamples) || numExamples < 1 || this.#numUpdates >= maxCohortSize) {
      throw new FedgeError("INTERNAL", "an update outside the round's bounds was about to be added");
    }
    const factor = numExamples * 2 ** this.#fractionBits;
    this.#kernels.fold(loaded.encoding)(ACCUMULATORS, this.#body, this.#paddedCount, this.#numScales, factor);
    this.#totalExamples += numExamples;
    this.#numUpdates += 1;
  }

  /** sum(n_k * delta_k) / sum(n_k), length P, rounded once to float32. Throws INTERNAL for an empty sum. */
  mean(): Float32Array<ArrayBuffer> {
    if (this.#totalExamples === 0) throw new FedgeError("INTERNAL", "the mean of no updates");
    this.#loaded = null;
    this.#kernels.mean(
      ACCUMULATORS,
      this.#body,
      this.bounds.numParameters,
      this.#totalExamples * 2 ** this.#fractionBits,
    );
    return new Float32Array(this.#memory.buffer, this.#body, this.bounds.numParameters).slice();
  }

  /** Header and sum, as they can be written to a file; the sum is a view, valid until the next call. */
  snapshot(): readonly [Uint8Array, Uint8Array] {
    const header = encodeSnapshotHeader({
      numParameters: this.bounds.numParameters,
      fractionBits: this.#fractionBits,
      numUpdates: this.#numUpdates,
      totalExamples: this.#totalExamples,
    });
    return [header, new Uint8Array(this.#memory.buffer, ACCUMULATORS, 8 * this.bounds.numParameters)];
  }

  /** Continues the sum of a snapshot. Throws DATA_CORRUPT when it is not one of this model and these bounds. */
  restore(snapshot: Uint8Array): void {
    const header = decodeSnapshotHeader(snapshot);
    const sums = snapshot.subarray(SNAPSHOT_HEADER_BYTES);
    const isOurs =
      header.numParameters === this.bounds.numParameters && header.fractionBits === this.#fractionBits;
    if (!isOurs || sums.byteLength !== 8 * this.bounds.numParameters) {
      throw new FedgeError("DATA_CORRUPT", "the kept sum belongs to another model or other bounds");
    }
    new Uint8Array(this.#memory.buffer, ACCUMULATORS).set(sums);
    this.#totalExamples = header.totalExamples;
    this.#numUpdates = header.numUpdates;
  }

  /** Empties the sum. */
  reset(): void {
    new Uint8Array(this.#memory.buffer, ACCUMULATORS, 8 * this.#paddedCount).fill(0);
    this.#totalExamples = 0;
    this.#numUpdates = 0;
    this.#loaded = null;
  }

  get #numScales(): number {
    return this.#paddedCount / INT8_BLOCK;
  }

  /** The kernels walk whole blocks; what lies behind the update must be zeros. */
  #load(body: Uint8Array, encoding: UpdateEncoding): void {
    const target = new Uint8Array(this.#memory.buffer, this.#body);
    target.set(body);
    const paddedBytes = encodedUpdateBytes(this.#paddedCount, encoding);
    target.fill(0, body.byteLength, paddedBytes);
  }
}

function instantiate(memory: WebAssembly.Memory): Kernels {
  const bytes = Uint8Array.from(atob(FOLD_KERNELS_BASE64), (character) => character.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
  const kernels = exports as Record<string, unknown>;
  return {
    check: (encoding) => kernels[`check_${encoding}`] as ReturnType<Kernels["check"]>,
    fold: (encoding) => kernels[`fold_${encoding}`] as ReturnType<Kernels["fold"]>,
    mean: kernels["mean"] as Kernels["mean"],
  };
}
