import { decodeActiveVersion, type ActiveVersion } from "./record.js";
import type { ModelName } from "@fedge/protocol";
import type { ByteStore } from "../ports/storage.js";

/** Which version of a model the device committed to: what it serves after a restart, before any network. */
export class ActiveVersions {
  constructor(private readonly store: ByteStore) {}

  async get(model: ModelName): Promise<ActiveVersion | undefined> {
    const bytes = await this.store.get(key(model));
    return bytes === undefined ? undefined : decodeActiveVersion(bytes);
  }

  async set(model: ModelName, active: ActiveVersion): Promise<void> {
    await this.store.put(key(model), new TextEncoder().encode(JSON.stringify(active)));
  }
}

function key(model: ModelName): string {
  return `active/${model}`;
}
