/** Lets whoever waits for the end of a round go on when it is over. */
export class RoundGates {
  readonly #over = new Set<string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #isOpen = false;

  isOver(roundId: string): boolean {
    return this.#isOpen || this.#over.has(roundId);
  }

  /** Resolves when the round is over; at once when it is already. */
  async whenOver(roundId: string): Promise<void> {
    if (this.isOver(roundId)) return;
    const waiting = this.#waiting.get(roundId) ?? new Set();
    this.#waiting.set(roundId, waiting);
    await new Promise<void>((resolve) => waiting.add(resolve));
  }

  roundOver(roundId: string): void {
    this.#over.add(roundId);
    for (const resolve of this.#waiting.get(roundId) ?? []) resolve();
    this.#waiting.delete(roundId);
  }

  /** Holds nobody any longer. Idempotent. */
  close(): void {
    this.#isOpen = true;
    for (const roundId of [...this.#waiting.keys()]) this.roundOver(roundId);
  }
}
