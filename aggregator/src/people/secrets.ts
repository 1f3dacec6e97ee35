import { createHash } from "node:crypto";

/** How a random secret is kept: it has 256 bits, so nothing slower than a hash is needed. */
export function secretSha256(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("hex");
}

/** Lets scanners find tokens in places where they should not be. */
export const API_TOKEN_PREFIX = "fedge_";

/** Where the page takes an invitation: behind `#`, which browsers send to no server. */
export function invitationPath(code: string): string {
  return `/#/invitation=${code}`;
}

/** Where the page takes the code of a password link, behind `#` as well. */
export function newPasswordPath(code: string): string {
  return `/#/new-password=${code}`;
}
