import type { Root } from "@fedge/protocol";
import { DAY_MS, type Lifetimes } from "./lifetimes.js";
import type { PublishedChain } from "./metadata-chain.js";

/** A person has to renew the root, with a key that may lie in another building: it is said this long ahead. */
const ROOT_WARNING_MS = 60 * DAY_MS;
/** The server renews these after half of their lifetime; one that has less than this part left was not renewed. */
const WARNING_SHARE = 1 / 4;

export const METADATA_ROLES = ["root", "targets", "snapshot", "timestamp"] as const;

/** How near the metadata of a role are to their end; `expired` stops every installation. */
export const EXPIRY_STATES = ["fresh", "soon", "expired"] as const;
export type ExpiryState = (typeof EXPIRY_STATES)[number];

export interface MetadataExpiry {
  readonly role: (typeof METADATA_ROLES)[number];
  readonly version: number;
  readonly expiresAtMs: number;
  readonly state: ExpiryState;
}

/** What is published expires when, and whether that is near; of the root alone before the first publication. */
export function expiriesOf(
  { root, published }: { readonly root: Root; readonly published: PublishedChain | undefined },
  lifetimes: Lifetimes,
  nowMs: number,
): readonly MetadataExpiry[] {
  return METADATA_ROLES.flatMap((role) => {
    const signed = role === "root" ? root : published?.[role].signed;
    if (signed === undefined) return [];
    const { version, expires: expiresAtMs } = signed;
    const warnedMs = role === "root" ? rootWarningMs(lifetimes) : lifetimes[`${role}Ms`] * WARNING_SHARE;
    return [{ role, version, expiresAtMs, state: stateOf(expiresAtMs - nowMs, warnedMs) }];
  });
}

/** What a person should do about a role that is not fresh. */
export function expiryRemedy({ role }: Pick<MetadataExpiry, "role">): string {
  return role === "root"
    ? "run `fedge keys renew-root`, and have the root's keys sign it where they are offline"
    : "the aggregator renews it by itself: look in its log for why it could not, and start it again";
}

function rootWarningMs({ rootMs }: Lifetimes): number {
  return Math.min(ROOT_WARNING_MS, rootMs * WARNING_SHARE);
}

function stateOf(leftMs: number, warnedMs: number): ExpiryState {
  if (leftMs <= 0) return "expired";
  return leftMs <= warnedMs ? "soon" : "fresh";
}
