import { FedgeError } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";

export interface RateLimit {
  readonly perSecond: number;
  /** Calls that may come at once after a rest. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Addresses remembered at once; beyond it the one that called least recently is forgotten. */
const MAX_BUCKETS = 10_000;

/** One token bucket per key. Nothing to close: it holds no timer. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly clock: Clock,
    private readonly limit: RateLimit,
    /** What there are too many of, for people. */
    private readonly what: string,
  ) {}

  /** Takes one token. Throws RATE_LIMITED with `details.retryAfterMs` when the key has none left. */
  take(key: string): void {
    const nowMs = this.clock.nowMs();
    const bucket = this.buckets.get(key) ?? { tokens: this.limit.burst, atMs: nowMs };
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    const tokens = Math.min(this.limit.burst, bucket.tokens + (elapsedMs / 1000) * this.limit.perSecond);
    const isAllowed = tokens >= 1;
    this.remember(key, { tokens: isAllowed ? tokens - 1 : tokens, atMs: nowMs });
    if (isAllowed) return;
    const retryAfterMs = Math.ceil(((1 - tokens) / this.limit.perSecond) * 1000);
    throw new FedgeError(
      "RATE_LIMITED",
      `too many ${this.what}; try again in ${Math.ceil(retryAfterMs / 1000)} s`,
      { details: { retryAfterMs } },
    );
  }

  private remember(key: string, bucket: Bucket): void {
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size <= MAX_BUCKETS) return;
    const oldest = this.buckets.keys().next().value;
    if (oldest !== undefined) this.buckets.delete(oldest);
  }
}
