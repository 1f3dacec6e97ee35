import { filterMatches } from "./topic-filter.js";

type Handler = (topic: string, payload: Uint8Array) => void;

/** Gives each message to the handlers whose filter covers its topic, in the order in which they were added. */
export class MessageRouter {
  readonly #routes: { readonly filter: string; readonly handler: Handler }[] = [];

  /** A handler that throws is a defect of ours: it is reported and the others still get the message. */
  constructor(private readonly onHandlerError: (error: unknown) => void) {}

  get filters(): string[] {
    return [...new Set(this.#routes.map((route) => route.filter))];
  }

  add(filter: string, handler: Handler): void {
    this.#routes.push({ filter, handler });
  }

  deliver(topic: string, payload: Uint8Array): void {
    for (const { filter, handler } of this.#routes) {
      if (filterMatches(filter, topic)) this.deliverTo(handler, topic, payload);
    }
  }

  deliverTo(handler: Handler, topic: string, payload: Uint8Array): void {
    try {
      handler(topic, payload);
    } catch (error) {
      this.onHandlerError(error);
    }
  }
}
