import { FedgeError, toWireError, type UpdateEncoding, type WireError } from "@fedge/protocol";
import { parentPort, workerData } from "node:worker_threads";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { FoldBounds } from "../rounds/ports.js";
import { readSnapshot, removeSnapshot, restoreSnapshot, writeSnapshot } from "./fold-files.js";
import { FixedPointFold } from "./fold.js";

export type FoldRequest =
  | { readonly type: "begin"; readonly bounds: FoldBounds }
  | { readonly type: "restore"; readonly bounds: FoldBounds; readonly snapshot: FoldSnapshotRef }
  | { readonly type: "check"; readonly body: Uint8Array; readonly encoding: UpdateEncoding }
  | { readonly type: "add"; readonly numExamples: number }
  | { readonly type: "snapshot"; readonly fileName: string }
  | { readonly type: "forget-snapshot"; readonly fileName: string }
  | { readonly type: "read-snapshot"; readonly snapshot: FoldSnapshotRef }
  | { readonly type: "mean" };

export interface FoldThreadData {
  readonly directory: string;
  readonly isForcedToDisk: boolean;
}

export interface FoldAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: WireError;
}

const { directory, isForcedToDisk } = workerData as FoldThreadData;
const state: { fold: FixedPointFold | null } = { fold: null };

function handle(request: FoldRequest): unknown {
  switch (request.type) {
    case "begin":
      return begin(request.bounds);
    case "restore":
      begin(request.bounds);
      return restoreSnapshot(directory, request.snapshot, current());
    case "check":
      return current().check(request.body, request.encoding);
    case "add":
      return current().addChecked(request.numExamples);
    case "snapshot":
      return writeSnapshot({ directory, fileName: request.fileName }, current().snapshot(), isForcedToDisk);
    case "forget-snapshot":
      return removeSnapshot({ directory, fileName: request.fileName });
    case "read-snapshot":
      return readSnapshot(directory, request.snapshot);
    case "mean":
      return current().mean();
  }
}

/** Memory is taken once for a model and its bounds, and used again round after round. */
function begin(bounds: FoldBounds): void {
  if (state.fold !== null && isSame(state.fold.bounds, bounds)) return state.fold.reset();
  state.fold?.close();
  state.fold = null;
  state.fold = new FixedPointFold(bounds);
}

function isSame(one: FoldBounds, other: FoldBounds): boolean {
  return (
    one.numParameters === other.numParameters &&
    one.maxNorm === other.maxNorm &&
    one.maxExamplesPerDevice === other.maxExamplesPerDevice &&
    one.maxCohortSize === other.maxCohortSize
  );
}

function current(): FixedPointFold {
  if (state.fold === null) throw new FedgeError("INTERNAL", "the fold was not begun");
  return state.fold;
}

function answer(id: number, request: FoldRequest): void {
  try {
    const result = handle(request);
    const isOwn = result instanceof Float32Array || result instanceof Uint8Array;
    const transfer = isOwn ? [result.buffer as ArrayBuffer] : [];
    parentPort?.postMessage({ id, result } satisfies FoldAnswer, transfer);
  } catch (error) {
    parentPort?.postMessage({ id, error: toWireError(error) } satisfies FoldAnswer);
  }
}

parentPort?.on("message", ({ id, request }: { id: number; request: FoldRequest }) => answer(id, request));
