import type { ServiceEvent } from "./service.js";

/** Hands service events to whoever listens; a listener that throws does not keep the others from hearing. */
export class ServiceEvents {
  readonly #listeners = new Set<(event: ServiceEvent) => void>();

  constructor(private readonly onError: (error: unknown) => void) {}

  readonly emit = (event: ServiceEvent): void => {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.onError(error);
      }
    }
  };

  readonly onEvent = (listener: (event: ServiceEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
