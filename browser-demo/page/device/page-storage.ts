/** What keeps small values of the origin, and throws nothing. */
export type PageStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/**
 * The origin's storage, `localStorage` where `ofOrigin` gives that. What a browser does not keep there, be it full or
 * forbidden, whole or key by key, is kept in memory until the page goes away.
 */
export function openPageStorage(ofOrigin: () => PageStorage | null): PageStorage {
  return new FallbackStorage(attempt(ofOrigin) ?? null);
}

class FallbackStorage implements PageStorage {
  /** Stands before the origin's; null where a value could not be removed there. */
  readonly #inMemory = new Map<string, string | null>();

  constructor(private readonly origin: PageStorage | null) {}

  getItem(key: string): string | null {
    const here = this.#inMemory.get(key);
    return here === undefined ? (attempt(() => this.origin?.getItem(key)) ?? null) : here;
  }

  setItem(key: string, value: string): void {
    this.#write(key, value, (origin) => origin.setItem(key, value));
  }

  removeItem(key: string): void {
    this.#write(key, null, (origin) => origin.removeItem(key));
  }

  #write(key: string, value: string | null, write: (origin: PageStorage) => void): void {
    const { origin } = this;
    const isWritten =
      origin !== null &&
      attempt(() => {
        write(origin);
        return true;
      });
    if (isWritten === true) this.#inMemory.delete(key);
    else this.#inMemory.set(key, value);
  }
}

/** Undefined where the browser throws, as it does at the very name `localStorage` with blocked site data. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
