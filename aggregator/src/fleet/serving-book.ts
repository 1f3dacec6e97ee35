import type { DeviceId } from "@fedge/protocol";
import type { ControlStore, ServingChange } from "../store/port.js";

/**
 * Writes what devices serve. A fleet that installs says so thousands of times in a second, so whatever comes while one
 * write is under way goes into the next one together.
 */
export class ServingBook {
  #pending = new Map<DeviceId, ServingChange>();
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(private readonly store: Pick<ControlStore, "noteServing">) {}

  /** Resolves when it is durable. Throws DATABASE_FAILED. */
  note(change: ServingChange): Promise<void> {
    const { deviceId, serving, lastSeenAtMs } = change;
    const before = this.#pending.get(deviceId)?.serving;
    this.#pending.set(deviceId, { deviceId, lastSeenAtMs, serving: { ...before, ...serving } });
    this.#next ??= this.#writing.then(() => this.#write());
    return this.#next;
  }

  #write(): Promise<void> {
    const changes = [...this.#pending.values()];
    this.#pending = new Map();
    this.#next = null;
    const written = this.store.noteServing(changes);
    // Whoever waits for it hears of a failure; the next write does not fail for it.
    this.#writing = written.catch(() => undefined);
    return written;
  }
}
