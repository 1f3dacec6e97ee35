/**
 * Something that other work depends on and that may end: a connection, a process. Work under its guard is rejected
 * when it ends. Racing each piece of work against one promise of the end would keep every result until then.
 */
export class Life {
  readonly #waiting = new Set<(reason: unknown) => void>();
  #end: { readonly reason: unknown } | null = null;

  get isOver(): boolean {
    return this.#end !== null;
  }

  /** Rejects all work under guard, and all that comes, with the reason; only the first counts. */
  end(reason: unknown): void {
    if (this.#end !== null) return;
    this.#end = { reason };
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  /** The work's result, or the reason of the end when that comes first. */
  guard<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end === null) this.#waiting.add(reject);
      else reject(this.#end.reason);
      const forget = (): void => void this.#waiting.delete(reject);
      work.then(resolve, reject).finally(forget);
    });
  }
}
