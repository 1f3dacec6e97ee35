import { PersonalWords } from "@fedge/browser-demo/words";
import type { PageStorage } from "./page-storage.js";

const KEY = "fedge-keyboard/personal-words";

/** The person's own words as the page kept them; none where nothing readable is kept. */
export function keptWords(storage: PageStorage): PersonalWords {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? "[]");
    return new PersonalWords(Array.isArray(value) ? value.filter(isCounted) : []);
  } catch {
    return new PersonalWords();
  }
}

/** A full or forbidden storage costs the person's own words at the next visit, and nothing else. */
export function keepWords(storage: PageStorage, words: PersonalWords): void {
  try {
    storage.setItem(KEY, JSON.stringify(words.entries()));
  } catch {
    storage.removeItem(KEY);
  }
}

export function forgetWords(storage: PageStorage, words: PersonalWords): void {
  words.clear();
  storage.removeItem(KEY);
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
