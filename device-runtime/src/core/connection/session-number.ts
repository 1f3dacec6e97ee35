import type { ByteStore } from "../ports/storage.js";

const KEY = "session";

/** One more than the last session of this device, kept before it is used: a late will names an older one. */
export async function nextSession(store: ByteStore): Promise<number> {
  const kept = await store.get(KEY);
  const last = kept === undefined ? 0 : Number(new TextDecoder().decode(kept));
  const session = (Number.isSafeInteger(last) && last > 0 ? last : 0) + 1;
  await store.put(KEY, new TextEncoder().encode(String(session)));
  return session;
}
