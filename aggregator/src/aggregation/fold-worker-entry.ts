import { FedgeError, toWireError, type UpdateEncoding } from "@fedge/protocol";
import { parentPort, workerData } from "node:worker_threads";
import type { FoldSnapshotRef } from "../rounds/journal.js";
import type { FoldBounds } from "../rounds/ports.js";
import { readSnapshot, removeSnapshot, writeSnapshot } from "./fold-files.js";
import { FixedPointFold } from "./fold.js";

export type FoldRequest =
  | { readonly type: "begin"; readonly bounds: FoldBounds }
  | { readonly type: "restore"; readonly bounds: FoldBounds; readonly snapshot: FoldSnapshotRef }
  | { readonly type: "check"; readonly body: Uint8Array; readonly encoding: UpdateEncoding }
  | { readonly type: "add"; readonly numExamples: number }
  | { readonly type: "snapshot"; readonly fileName: string }
  | { readonly type: "forget-snapshot"; readonly fileName: string }
  | { readonly type: "mean" };

const { directory } = workerData as { directory: string };
const state: { fold: FixedPointFold | null } = { fold: null };

function handle(request: FoldRequest): unknown {
  switch (request.type) {
    case "begin":
      return begin(request.bounds);
    case "restore":
      begin(request.bounds);
      return current().restore(readSnapshot(directory, request.snapshot));
    case "check":
      return current().check(request.body, request.encoding);
    case "add":
      return current().addChecked(request.numExamples);
    case "snapshot":
      return writeSnapshot(directory, request.fileName, current().snapshot());
    case "forget-snapshot":
      return removeSnapshot(directory, request.fileName);
    case "mean":
      return current().mean();
  }
}

/** Memory is taken once for a model and its bounds, and used again round after round. */
function begin(bounds: FoldBounds): void {
  const isSame = state.fold !== null && JSON.stringify(state.fold.bounds) === JSON.stringify(bounds);
  if (isSame) state.fold?.reset();
  else state.fold = new FixedPointFold(bounds);
}

function current(): FixedPointFold {
  if (state.fold === null) throw new FedgeError("INTERNAL", "the fold was not begun");
  return state.fold;
}

parentPort?.on("message", ({ id, request }: { id: number; request: FoldRequest }) => {
  try {
    parentPort?.postMessage({ id, result: handle(request) });
  } catch (error) {
    parentPort?.postMessage({ id, error: toWireError(error) });
  }
});
