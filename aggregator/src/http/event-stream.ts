import { FedgeError } from "@fedge/protocol";
import type { FeedSink, LiveFeed } from "./live-feed.js";
import type { FeedMessage } from "./schema/overview-schema.js";

/** A page that does not read this many messages is cut off; it reconnects and gets the history again. */
const MAX_QUEUED_MESSAGES = 1000;

/** Server-sent events (WHATWG HTML, section 9.2) of one feed for at most `maxStreams` pages at once. */
export class EventStreams {
  private numOpen = 0;

  constructor(
    private readonly feed: LiveFeed,
    private readonly maxStreams = 200,
  ) {}

  /**
   * `mayStay` is asked at every heartbeat and rejects for a page whose person may read no more, which ends the stream.
   * Throws RATE_LIMITED when too many pages are connected.
   */
  open(mayStay: () => Promise<unknown> = () => Promise.resolve()): Response {
    if (this.numOpen >= this.maxStreams) {
      throw new FedgeError("RATE_LIMITED", `${this.maxStreams} pages are connected already; close one`, {
        details: { retryAfterMs: 5000 },
      });
    }
    this.numOpen += 1;
    return new Response(this.stream(mayStay), {
      headers: {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      },
    });
  }

  private stream(mayStay: () => Promise<unknown>): ReadableStream<Uint8Array> {
    let unsubscribe = (): void => undefined;
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.numOpen -= 1;
      unsubscribe();
    };
    return new ReadableStream<Uint8Array>(
      {
        start: async (controller) => {
          const cut = (error: unknown): void => {
            if (isOpen) controller.error(error);
            end();
          };
          const sink: FeedSink = (message) => {
            if (!isOpen) return;
            if (message.event === "heartbeat") mayStay().catch(cut);
            if ((controller.desiredSize ?? 0) > 0) return controller.enqueue(encode(message));
            cut(new FedgeError("CLOSED", "the page reads too slowly"));
          };
          try {
            unsubscribe = await this.feed.subscribe(sink);
            if (!isOpen) unsubscribe();
          } catch (error) {
            end();
            throw error;
          }
        },
        cancel: end,
      },
      { highWaterMark: MAX_QUEUED_MESSAGES },
    );
  }
}

function encode(message: FeedMessage): Uint8Array {
  return new TextEncoder().encode(`event: ${message.event}\ndata: ${JSON.stringify(message.data)}\n\n`);
}
