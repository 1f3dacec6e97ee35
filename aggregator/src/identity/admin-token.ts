import type { SecureRandom } from "@fedge/protocol";
import { isSameSecret } from "./device-keys.js";

/** 32 random bytes as base64url: 43 characters. */
export function createSecretText(random: SecureRandom): string {
  return Buffer.from(random.bytes(32)).toString("base64url");
}

/** A test for the administrator's token whose time does not depend on how much of a guess is right. */
export function adminTokenCheck(expected: string): (candidate: string) => boolean {
  return (candidate) => isSameSecret(candidate, expected);
}
