import { FedgeError, encodedUpdateBytes, type UpdateEncoding } from "@fedge/protocol";
import type { FoldBounds, UpdateNorms } from "../rounds/ports.js";
import { checkNorms } from "../rounds/update-check.js";
import { fractionBits } from "./fixed-point.js";
import {
  BODY,
  LARGEST_MAGNITUDE,
  SUM_OF_SQUARES,
  accumulatorsOf,
  createFoldKernels,
  paddedCount,
  type FoldKernels,
} from "./fold-kernels.js";
import {
  SNAPSHOT_HEADER_BYTES,
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  type SnapshotHeader,
} from "./fold-snapshot.js";
import { loadUpdate, whereLoaded } from "./update-loading.js";

export interface UpdateFindings extends UpdateNorms {
  /** Largest magnitude of a value; Infinity when a value is not finite. */
  readonly maxAbs: number;
}

interface CheckedUpdate {
  readonly encoding: UpdateEncoding;
  readonly findings: UpdateFindings;
}

/**
 * Example-weighted sum of updates in 64-bit fixed point, so that it is the same bits whatever order they come in.
 *
 * Memory: 12 bytes a parameter (8 for the sum, 4 for the update under way), independent of the cohort. Throws
 * OPTION_INVALID for bounds that cannot be met, and CLOSED after `close`.
 */
export class FixedPointFold {
  readonly #fractionBits: number;
  /** Address of the sums. */
  readonly #accumulators: number;
  #kernels: FoldKernels | null;
  #totalExamples = 0;
  #numUpdates = 0;
  #checked: CheckedUpdate | null = null;

  constructor(readonly bounds: FoldBounds) {
    this.#fractionBits = fractionBits(bounds);
    this.#accumulators = accumulatorsOf(bounds.numParameters);
    this.#kernels = createFoldKernels(bounds.numParameters);
  }

  get totalExamples(): number {
    return this.#totalExamples;
  }

  get numUpdates(): number {
    return this.#numUpdates;
  }

  /**
   * Takes an encoded update in and says what its values are; the sum stays as it is.
   *
   * Throws UPDATE_TRUNCATED or UPDATE_TOO_LARGE.
   */
  check(body: Uint8Array, encoding: UpdateEncoding): UpdateFindings {
    const kernels = this.#open();
    this.#checked = null;
    const { numParameters } = this.bounds;
    const expected = encodedUpdateBytes(numParameters, encoding);
    if (body.byteLength !== expected) {
      const code = body.byteLength < expected ? "UPDATE_TRUNCATED" : "UPDATE_TOO_LARGE";
      throw new FedgeError(code, `update of ${body.byteLength} bytes; this model's is ${expected}`);
    }
    new Uint8Array(kernels.memory.buffer, 0, BODY).fill(0);
    loadUpdate(kernels.memory, { body, encoding, numParameters }, (part, count) =>
      kernels.check[encoding](part.values, count, part.scales),
    );
    const findings = readFindings(kernels.memory);
    this.#checked = { encoding, findings };
    return findings;
  }

  /** Adds the update that `check` saw last. Throws INTERNAL when it would not fit the fixed point that was chosen. */
  addChecked(numExamples: number): void {
    const kernels = this.#open();
    const checked = this.#checked;
    this.#checked = null;
    if (checked === null) throw new FedgeError("INTERNAL", "an update must be checked before it is added");
    const { numParameters, maxNorm, maxExamplesPerDevice, maxCohortSize } = this.bounds;
    const isCounted =
      Number.isInteger(numExamples) && numExamples >= 1 && numExamples <= maxExamplesPerDevice;
    if (!isCounted || !(checked.findings.maxAbs <= maxNorm) || this.#numUpdates >= maxCohortSize) {
      throw new FedgeError("INTERNAL", "an update outside the round's bounds was about to be added");
    }
    const { values, scales } = whereLoaded(checked.encoding, numParameters);
    const factor = numExamples * 2 ** this.#fractionBits;
    kernels.fold[checked.encoding](this.#accumulators, values, paddedCount(numParameters), scales, factor);
    this.#totalExamples += numExamples;
    this.#numUpdates += 1;
  }

  /**
   * Checks an update and adds it. Throws UPDATE_TRUNCATED, UPDATE_TOO_LARGE, UPDATE_NOT_FINITE, UPDATE_NORM_EXCEEDED
   * or UPDATE_EXAMPLES_INVALID, and then the sum is what it was.
   */
  add(body: Uint8Array, encoding: UpdateEncoding, numExamples: number): UpdateFindings {
    const findings = this.check(body, encoding);
    checkNorms(findings, this.bounds.maxNorm);
    const most = this.bounds.maxExamplesPerDevice;
    if (!Number.isInteger(numExamples) || numExamples < 1 || numExamples > most) {
      throw new FedgeError("UPDATE_EXAMPLES_INVALID", `${numExamples} examples; 1 to ${most} are allowed`);
    }
    this.addChecked(numExamples);
    return findings;
  }

  /** sum(n_k * delta_k) / sum(n_k), length P, divided in float64. Throws INTERNAL for an empty sum. */
  mean(): Float32Array<ArrayBuffer> {
    const kernels = this.#open();
    if (this.#totalExamples === 0) throw new FedgeError("INTERNAL", "the mean of no updates");
    this.#checked = null;
    const { numParameters } = this.bounds;
    const divisor = this.#totalExamples * 2 ** this.#fractionBits;
    kernels.mean(this.#accumulators, BODY, paddedCount(numParameters), divisor);
    return new Float32Array(kernels.memory.buffer, BODY, numParameters).slice();
  }

  /** Header and sum, as they can be written to a file; the sum is a view, valid until the next call. */
  snapshot(): readonly [Uint8Array, Uint8Array] {
    const header = encodeSnapshotHeader({
      numParameters: this.bounds.numParameters,
      fractionBits: this.#fractionBits,
      numUpdates: this.#numUpdates,
      totalExamples: this.#totalExamples,
    });
    return [header, this.#sums()];
  }

  /** Continues the sum of a snapshot. Throws DATA_CORRUPT when it is not one of this model and these bounds. */
  restore(snapshot: Uint8Array): void {
    const sums = this.#sumsOf(snapshot);
    this.restoreWith(decodeSnapshotHeader(snapshot), (target) => target.set(sums));
  }

  /** As `restore`, from a source that writes the sums to where they belong. What `fill` throws empties the sum. */
  restoreWith(header: SnapshotHeader, fill: (sums: Uint8Array) => void): void {
    this.#requireOurs(header, 0);
    this.reset();
    try {
      fill(this.#sums());
    } catch (error) {
      this.reset();
      throw error;
    }
    this.#totalExamples = header.totalExamples;
    this.#numUpdates = header.numUpdates;
  }

  /**
   * Adds another part of the same round, so that parts summed apart give the bits of one sum. Throws DATA_CORRUPT
   * when the snapshot is not of this model and these bounds, or both together exceed the cohort.
   */
  merge(snapshot: Uint8Array): void {
    const { memory, merge } = this.#open();
    const header = decodeSnapshotHeader(snapshot);
    this.#requireOurs(header, this.#numUpdates);
    const sums = this.#sumsOf(snapshot);
    this.#checked = null;
    const target = new Uint8Array(memory.buffer);
    const sliceBytes = this.#accumulators - BODY;
    for (let start = 0; start < sums.byteLength; start += sliceBytes) {
      const slice = sums.subarray(start, start + sliceBytes);
      target.set(slice, BODY);
      // The kernel takes two sums at a time; behind an odd last one lies padding, to which zero is added.
      target.fill(0, BODY + slice.byteLength, this.#accumulators);
      merge(this.#accumulators + start, BODY, slice.byteLength / 8);
    }
    this.#totalExamples += header.totalExamples;
    this.#numUpdates += header.numUpdates;
  }

  /** Empties the sum; its memory is used again. */
  reset(): void {
    this.#sums().fill(0);
    this.#totalExamples = 0;
    this.#numUpdates = 0;
    this.#checked = null;
  }

  /** Lets go of the memory. Idempotent. */
  close(): void {
    this.#kernels = null;
    this.#checked = null;
  }

  #open(): FoldKernels {
    if (this.#kernels === null) throw new FedgeError("CLOSED", "the fold is closed");
    return this.#kernels;
  }

  #sums(): Uint8Array {
    return new Uint8Array(this.#open().memory.buffer, this.#accumulators, 8 * this.bounds.numParameters);
  }

  #sumsOf(snapshot: Uint8Array): Uint8Array {
    const sums = snapshot.subarray(SNAPSHOT_HEADER_BYTES);
    if (sums.byteLength === 8 * this.bounds.numParameters) return sums;
    throw new FedgeError("DATA_CORRUPT", "the kept sum has another length than this model's");
  }

  #requireOurs(header: SnapshotHeader, numUpdates: number): void {
    const { numParameters, maxCohortSize, maxExamplesPerDevice } = this.bounds;
    const isOurs = header.numParameters === numParameters && header.fractionBits === this.#fractionBits;
    const isWithinBounds =
      numUpdates + header.numUpdates <= maxCohortSize &&
      header.totalExamples <= header.numUpdates * maxExamplesPerDevice;
    if (isOurs && isWithinBounds) return;
    throw new FedgeError("DATA_CORRUPT", "the kept sum belongs to another model or other bounds");
  }
}

function readFindings(memory: WebAssembly.Memory): UpdateFindings {
  const view = new DataView(memory.buffer);
  const maxAbs = view.getFloat32(LARGEST_MAGNITUDE, true);
  if (!(maxAbs < Infinity)) return { isFinite: false, l2Norm: Infinity, maxAbs: Infinity };
  // A product of int8 code and scale may round up, while its square is summed exactly: no norm is below a value.
  const l2Norm = Math.max(maxAbs, Math.sqrt(view.getFloat64(SUM_OF_SQUARES, true)));
  return { isFinite: true, l2Norm, maxAbs };
}
