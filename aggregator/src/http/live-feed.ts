import type { Clock } from "../clock/clock.js";
import type { RolloutService } from "../rollouts/rollout-service.js";
import type { AggregatorService } from "../service.js";
import type { DriftService } from "../drift/drift-service.js";
import { DriftSource } from "./feed/drift-source.js";
import type { FeedSource } from "./feed/feed-source.js";
import { RolloutSource } from "./feed/rollout-source.js";
import { TrainingSource } from "./feed/training-source.js";
import type { HttpLog } from "./ports.js";
import type { FeedMessage } from "./schema/overview-schema.js";

export type FeedSink = (message: FeedMessage) => void;

export interface LiveFeedOptions {
  readonly service: AggregatorService;
  readonly rollouts?: RolloutService;
  readonly drift?: DriftService;
  readonly clock: Clock;
  readonly log: HttpLog;
}

/** Shortest time between two readings of the service, however many events arrive. */
export const MIN_INTERVAL_MS = 200;
export const HEARTBEAT_MS = 10_000;

/**
 * Turns what happens into a stream of what changed, at most five times a second, read once for all pages.
 *
 * Invariants: without a subscriber nothing is read; a change that happens while a reading is under way causes
 * another one; every reading starts with a fresh overview; a source that cannot be read keeps no other from being
 * read. `close` ends the timers.
 */
export class LiveFeed {
  private readonly sinks = new Set<FeedSink>();
  private readonly sources: readonly FeedSource[];
  private readonly stopListening: readonly (() => void)[];
  private isScheduled = false;
  private isReading = false;
  private isDirty = false;
  private lastReadAtMs = Number.NEGATIVE_INFINITY;
  private cancelRead: (() => void) | null = null;
  private stopHeartbeat: (() => void) | null = null;

  constructor(private readonly options: LiveFeedOptions) {
    const { service, rollouts, drift } = options;
    this.sources = [
      new TrainingSource(service),
      ...(rollouts === undefined ? [] : [new RolloutSource(rollouts)]),
      ...(drift === undefined ? [] : [new DriftSource(drift)]),
    ];
    this.stopListening = this.sources.map((source) => source.listen(() => this.schedule()));
  }

  /** Sends the history, then every change. The returned function unsubscribes and is idempotent. */
  async subscribe(sink: FeedSink): Promise<() => void> {
    for (const source of this.sources) {
      for (const message of await source.history()) sink(message);
    }
    this.sinks.add(sink);
    this.beat();
    // What changed while the history was read would otherwise be missing until the next event.
    this.schedule();
    return () => {
      this.sinks.delete(sink);
      if (this.sinks.size === 0) this.endHeartbeat();
    };
  }

  close(): void {
    for (const stop of this.stopListening) stop();
    this.cancelRead?.();
    this.endHeartbeat();
    this.sinks.clear();
  }

  private schedule(): void {
    this.isDirty = true;
    if (this.sinks.size === 0 || this.isScheduled || this.isReading) return;
    this.isScheduled = true;
    const sinceMs = this.options.clock.nowMs() - this.lastReadAtMs;
    const delayMs = Math.min(MIN_INTERVAL_MS, Math.max(0, MIN_INTERVAL_MS - sinceMs));
    this.cancelRead = this.options.clock.after(delayMs, () => void this.read());
  }

  private async read(): Promise<void> {
    this.isScheduled = false;
    this.isReading = true;
    this.isDirty = false;
    this.lastReadAtMs = this.options.clock.nowMs();
    for (const source of this.sources) await this.readSource(source);
    this.isReading = false;
    if (this.isDirty) this.schedule();
  }

  private async readSource(source: FeedSource): Promise<void> {
    try {
      for (const message of await source.changes()) this.send(message);
    } catch (error) {
      this.options.log.error({ err: error }, "cannot read what a live page should show");
    }
  }

  private send(message: FeedMessage): void {
    for (const sink of this.sinks) sink(message);
  }

  private beat(): void {
    this.stopHeartbeat ??= this.options.clock.after(HEARTBEAT_MS, () => {
      this.stopHeartbeat = null;
      this.send({ event: "heartbeat", data: { atMs: this.options.clock.nowMs() } });
      if (this.sinks.size > 0) this.beat();
    });
  }

  private endHeartbeat(): void {
    this.stopHeartbeat?.();
    this.stopHeartbeat = null;
  }
}
