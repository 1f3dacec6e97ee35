import type { Assigned, ErrorCode, ModelName } from "@fedge/protocol";
import type { BlobFetcher } from "../blobs/fetcher.js";
import type { Connection } from "../connection/connection.js";
import type { DevicePorts } from "../ports/ports.js";
import type { RoundPhase } from "./participation-state.js";

export interface RoundsOptions {
  readonly ports: DevicePorts;
  readonly connection: Connection;
  readonly fetcher: BlobFetcher;
  readonly models: readonly ModelName[];
  readonly mayTrain: () => boolean;
  /** Whether the device's data are fit for the model to learn from. */
  readonly isFit: (model: ModelName) => boolean;
  /** Held before an update is reported; a test or a simulation may wait here. */
  readonly beforeReport: ((assignment: Assigned) => Promise<void>) | null;
  readonly onRound: (event: {
    readonly roundId: string;
    readonly phase: RoundPhase;
    readonly code: ErrorCode | null;
  }) => void;
  readonly onError: (error: unknown) => void;
}
