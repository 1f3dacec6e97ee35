/** What must be closed, in the reverse of the order in which it was opened. */
export class Closing {
  readonly #steps: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | null = null;

  /** Registers how to close what was just opened, and gives it back. */
  add<T>(resource: T, close: (resource: T) => Promise<void> | void): T {
    this.#steps.push(() => close(resource));
    return resource;
  }

  /** Closes everything once; one failure does not keep the rest open, and the first is thrown at the end. */
  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
