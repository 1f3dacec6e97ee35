import * as z from "zod/mini";
import type { Consent } from "./ports/application.js";
import type { ByteStore } from "./ports/storage.js";

const KEY = "consent";
const kept = z.object({ training: z.boolean(), reporting: z.boolean() });

/** What a person agreed to the last time. What cannot be read counts as not given. */
export async function keptConsent(store: ByteStore): Promise<Consent> {
  const bytes = await store.get(KEY);
  try {
    return z.parse(kept, JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return { training: false, reporting: false };
  }
}

/** Throws STORAGE_FAILED or STORAGE_FULL. */
export async function keepConsent(store: ByteStore, consent: Consent): Promise<void> {
  await store.put(KEY, new TextEncoder().encode(JSON.stringify(consent)));
}
