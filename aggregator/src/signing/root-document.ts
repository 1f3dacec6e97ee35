import {
  FedgeError,
  decodeMetadata,
  signedHeader,
  type MetadataSigner,
  type Root,
  type TufKey,
} from "@fedge/protocol";
import type { OnlineRole } from "./signing-directory.js";

/** A role of a root, as it is written. */
interface WrittenRole {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

export interface RootKeys {
  readonly root: {
    readonly keys: readonly Pick<MetadataSigner, "keyId" | "key">[];
    readonly threshold: number;
  };
  readonly online: Readonly<Record<OnlineRole, Pick<MetadataSigner, "keyId" | "key">>>;
}

/** The signed part of a root that trusts these keys. */
export function rootDocument(version: number, expiresAtMs: number, { root, online }: RootKeys): object {
  const role = (key: Pick<MetadataSigner, "keyId">): WrittenRole => ({ keyids: [key.keyId], threshold: 1 });
  const all = [...root.keys, online.timestamp, online.snapshot, online.targets];
  return {
    ...signedHeader("root", version, expiresAtMs),
    consistent_snapshot: true,
    keys: Object.fromEntries(all.map(({ keyId, key }) => [keyId, key])),
    roles: {
      root: { keyids: root.keys.map(({ keyId }) => keyId), threshold: root.threshold },
      timestamp: role(online.timestamp),
      snapshot: role(online.snapshot),
      targets: role(online.targets),
    },
  };
}

/** The keys that a root trusts. Throws KEYS_MISSING for one that names a key that it does not have. */
export function keysOf(root: Root): RootKeys {
  const named = (keyId: string | undefined): { keyId: string; key: TufKey } => {
    const key = keyId === undefined ? undefined : root.keys[keyId];
    if (keyId !== undefined && key !== undefined) return { keyId, key };
    throw new FedgeError("KEYS_MISSING", `root ${root.version} names the key ${keyId} and does not have it`);
  };
  const { roles } = root;
  return {
    root: { keys: roles.root.keyids.map(named), threshold: roles.root.threshold },
    online: {
      timestamp: named(roles.timestamp.keyids[0]),
      snapshot: named(roles.snapshot.keyids[0]),
      targets: named(roles.targets.keyids[0]),
    },
  };
}

/** The checked fields and the written ones: only the latter can be signed again. */
export function openRoot(bytes: Uint8Array): { readonly root: Root; readonly written: object } {
  const { signed: root, signedBytes } = decodeMetadata("root", bytes);
  return { root, written: JSON.parse(new TextDecoder().decode(signedBytes)) as object };
}
