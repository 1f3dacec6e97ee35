import type { InferenceSession } from "onnxruntime-common";
import { createSession, type OnnxRuntime } from "./runtime.js";

/** A device trains one or two models; more graphs than this are old versions of them. */
const MAX_COMPILED = 4;

/**
 * Train graphs by their hash, compiled once for all devices that share the trainer: weights are inputs of the graph.
 * Holds the latest few. Not for overlapping use: a graph may be freed as soon as another is asked for.
 */
export class CompiledGraphs {
  readonly #sessions = new Map<string, InferenceSession>();

  constructor(private readonly runtime: OnnxRuntime) {}

  get size(): number {
    return this.#sessions.size;
  }

  /** Throws ENGINE_FAILED when the runtime refuses the graph. */
  async get(sha256: string, graph: Uint8Array): Promise<InferenceSession> {
    const session = this.#sessions.get(sha256) ?? (await createSession(this.runtime, graph));
    this.#sessions.delete(sha256);
    this.#sessions.set(sha256, session);
    if (this.#sessions.size > MAX_COMPILED) await this.#freeOldest();
    return session;
  }

  async close(): Promise<void> {
    while (this.#sessions.size > 0) await this.#freeOldest();
  }

  async #freeOldest(): Promise<void> {
    const [oldest] = this.#sessions;
    if (oldest === undefined) return;
    const [sha256, session] = oldest;
    this.#sessions.delete(sha256);
    await session.release();
  }
}
