import type { Random, SignatureVerifier } from "@fedge/protocol";
import type { HostConditions, TrainingData } from "./application.js";
import type { Clock } from "./clock.js";
import type { ServingEngine, StopSignal, Trainer } from "./engine.js";
import type { BlobStore, ByteStore, Digest } from "./storage.js";
import type { Identity, Transport } from "./transport.js";

/** Everything the core needs from outside; an entry point for a platform fills it in. */
export interface DevicePorts {
  readonly clock: Clock;
  /** Spreads waiting times; nothing secret comes from it. */
  readonly random: Random;
  readonly digest: Digest;
  /** Checks the signatures of what the device should run; null believes the broker, for tests of something else. */
  readonly verifier: SignatureVerifier | null;
  readonly store: ByteStore;
  readonly blobs: BlobStore;
  readonly identity: Identity;
  readonly transport: Transport;
  readonly serving: ServingEngine;
  readonly trainer: Trainer;
  readonly conditions: HostConditions;
  readonly trainingData: Readonly<Record<string, TrainingData>>;
  /** An abort controller of the platform. */
  readonly newStop: () => StopController;
}

/** Asks for a stop of whoever has its signal. */
export interface StopController {
  readonly signal: StopSignal;
  /** Asks for the stop. Idempotent. */
  abort(): void;
}
