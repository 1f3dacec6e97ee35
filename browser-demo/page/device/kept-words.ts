import { PersonalWords } from "@fedge/browser-demo/words";
import type { PageStorage } from "./page-storage.js";

const KEY = "fedge-keyboard/personal-words";

/** The part of the Web Locks API that is used. */
export type WordLocks = Pick<LockManager, "request">;

/** The person's own words as the page kept them; none where nothing readable is kept. */
export function keptWords(storage: PageStorage): PersonalWords {
  return new PersonalWords(readWords(storage));
}

/**
 * Keeps the words beside those that other pages have kept since, one page at a time where the browser has locks.
 * Without room this costs the person's own words at the next visit, and nothing else.
 */
export async function keepWords(
  storage: PageStorage,
  words: PersonalWords,
  locks?: WordLocks,
): Promise<void> {
  const keep = (): void => {
    words.takeIn(readWords(storage));
    storage.setItem(KEY, JSON.stringify(words.entries()));
    words.wereKept();
  };
  if (locks === undefined) return keep();
  // Refused with blocked site data, where no other page keeps anything either.
  await locks.request(KEY, () => keep()).catch(keep);
}

/** Takes in what another page has kept, told by a `storage` event; a null key tells that everything was erased. */
export function hearWords(storage: PageStorage, words: PersonalWords, key: string | null): void {
  if (key === KEY || key === null) words.takeIn(readWords(storage));
}

export function forgetWords(storage: PageStorage, words: PersonalWords): void {
  words.clear();
  storage.removeItem(KEY);
}

function readWords(storage: PageStorage): readonly (readonly [string, number])[] {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(value) ? value.filter(isCounted) : [];
  } catch {
    return [];
  }
}

function isCounted(entry: unknown): entry is readonly [string, number] {
  return (
    Array.isArray(entry) &&
    entry.length === 2 &&
    typeof entry[0] === "string" &&
    Number.isSafeInteger(entry[1]) &&
    entry[1] > 0
  );
}
