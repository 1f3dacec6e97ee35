import type { FeedMessage } from "../../../src/http/schema/overview-schema.js";
import { clockOffsetMs } from "./server-clock.js";
import { SseParser } from "./sse-parser.js";

/** `refused`: the server wants a token, or does not accept the one it got. */
export type ConnectionState = "connecting" | "live" | "lost" | "refused";

export interface FeedOptions {
  readonly url: string;
  readonly token: string | null;
  readonly onMessage: (message: FeedMessage) => void;
  readonly onState: (state: ConnectionState) => void;
  /** By how much the server's clock is ahead, at every connection. */
  readonly onClockOffset: (offsetMs: number) => void;
}

/** The server says something at least every 10 s; three missed beats mean that the connection is dead. */
const SILENCE_MS = 30_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

/**
 * Follows the event stream and reconnects with full jitter until closed. Uses fetch, because EventSource cannot
 * send a token.
 */
export function followFeed(options: FeedOptions): { close(): void } {
  const closed = new AbortController();
  void reconnectUntil(closed.signal, options);
  return { close: () => closed.abort() };
}

async function reconnectUntil(closed: AbortSignal, options: FeedOptions): Promise<void> {
  let numFailures = 0;
  while (!closed.aborted) {
    const state = await followOnce(closed, options, () => (numFailures = 0));
    if (closed.aborted) return;
    options.onState(state);
    if (state === "refused") return;
    const longestMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** numFailures);
    numFailures += 1;
    await pause(Math.random() * longestMs, closed);
  }
}

/** Resolves when the stream has ended, with the state that this leaves behind. */
async function followOnce(
  closed: AbortSignal,
  options: FeedOptions,
  onLive: () => void,
): Promise<ConnectionState> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const headers = { Accept: "text/event-stream", ...bearer(options.token) };
  try {
    const signal = AbortSignal.any([closed, silence.signal]);
    const response = await fetch(options.url, { headers, signal, cache: "no-store" });
    if (response.status === 401 || response.status === 403) return "refused";
    if (!response.ok || response.body === null) return "lost";
    options.onClockOffset(clockOffsetMs(response.headers.get("Date"), Date.now()));
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return "lost";
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      for (const { event, data } of parser.push(value)) {
        options.onMessage({ event, data: JSON.parse(data) } as FeedMessage);
      }
      onLive();
      options.onState("live");
    }
  } catch {
    return "lost"; // the banner says so, and the loop above tries again
  } finally {
    clearTimeout(timer);
  }
}

function bearer(token: string | null): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

function pause(delayMs: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    closed.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
