import { INT8_BLOCK, type UpdateEncoding } from "@fedge/protocol";
import { FOLD_KERNELS_BASE64 } from "./fold-kernels.generated.js";

/** Layout of the kernels' memory, as `wasm/fold.wat` describes it. */
export const SUM_OF_SQUARES = 0;
export const LARGEST_MAGNITUDE = 8;
/** Where an update lies, as its device encoded it. */
export const BODY = 64;

const PAGE_BYTES = 65_536;

type CheckKernel = (body: number, count: number, scales: number) => void;
type FoldKernel = (acc: number, body: number, count: number, scales: number, factor: number) => void;

export interface FoldKernels {
  readonly memory: WebAssembly.Memory;
  /** Adds to what the address of `SUM_OF_SQUARES` and `LARGEST_MAGNITUDE` hold. */
  readonly check: Readonly<Record<UpdateEncoding, CheckKernel>>;
  readonly fold: Readonly<Record<UpdateEncoding, FoldKernel>>;
  readonly merge: (acc: number, body: number, count: number) => void;
  readonly mean: (acc: number, out: number, count: number, divisor: number) => void;
}

/** P rounded up to whole blocks, which is what the kernels walk. */
export function paddedCount(numParameters: number): number {
  return Math.ceil(numParameters / INT8_BLOCK) * INT8_BLOCK;
}

/** Address of the sums, behind an update of 4 bytes a parameter, the most that an encoding takes. */
export function accumulatorsOf(numParameters: number): number {
  return BODY + 4 * paddedCount(numParameters);
}

/** The kernels over a memory of zeros for P parameters: 12 bytes a parameter. */
export function createFoldKernels(numParameters: number): FoldKernels {
  const endOfSums = accumulatorsOf(numParameters) + 8 * paddedCount(numParameters);
  const pages = Math.ceil(endOfSums / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = Uint8Array.from(atob(FOLD_KERNELS_BASE64), (character) => character.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
  const check = (name: UpdateEncoding): CheckKernel => exports[`check_${name}`] as CheckKernel;
  const fold = (name: UpdateEncoding): FoldKernel => exports[`fold_${name}`] as FoldKernel;
  return {
    memory,
    check: { float32: check("float32"), float16: check("float16"), int8: check("int8") },
    fold: { float32: fold("float32"), float16: fold("float16"), int8: fold("int8") },
    merge: exports["merge"] as FoldKernels["merge"],
    mean: exports["mean"] as FoldKernels["mean"],
  };
}
