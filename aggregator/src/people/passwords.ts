import { FedgeError, type SecureRandom } from "@fedge/protocol";
import { scrypt, timingSafeEqual } from "node:crypto";

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 256;

export interface ScryptCost {
  /** A power of two. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** One of the equally strong choices of the OWASP password storage cheat sheet; takes 32 MiB while it runs. */
export const SCRYPT_COST: ScryptCost = { N: 2 ** 15, r: 8, p: 3 };

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** `scrypt$N$r$p$salt$key`, the last two base64url. */
const HASH = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;

export interface Passwords {
  /** Throws OPTION_INVALID for one that is too short or too long. */
  hash(password: string): Promise<string>;
  /** Takes the same time for every password, and for `null`, which stands for an account that is not there. */
  verify(password: string, hash: string | null): Promise<boolean>;
}

/**
 * Hashes one password after the other: guesses that come at once wait, and take neither memory nor every thread.
 */
export function createPasswords(random: SecureRandom, cost: ScryptCost = SCRYPT_COST): Passwords {
  // Same cost as a real one; nobody knows a password of it.
  const nobody = formatHash(cost, random.bytes(SALT_BYTES), random.bytes(KEY_BYTES));
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const result = turn.then(run);
    turn = result.catch(() => undefined); // its caller has the failure
    return result;
  };
  return {
    hash: async (password) => {
      checkLength(password);
      const salt = random.bytes(SALT_BYTES);
      return formatHash(cost, salt, await inTurn(() => derive(password, salt, cost)));
    },
    verify: async (password, hash) => {
      const { salt, key, cost: stored } = parseHash(hash ?? nobody);
      const derived = await inTurn(() => derive(password, salt, stored));
      return timingSafeEqual(derived, key) && hash !== null;
    },
  };
}

function checkLength(password: string): void {
  if (password.length >= MIN_PASSWORD_LENGTH && password.length <= MAX_PASSWORD_LENGTH) return;
  throw new FedgeError(
    "OPTION_INVALID",
    `a password has ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters; four random words make a good one`,
    {
      details: {
        fields: [{ path: "password", message: `takes at least ${MIN_PASSWORD_LENGTH} characters` }],
      },
    },
  );
}

/** NFKC, so that a password typed on another keyboard has the same bytes (NIST SP 800-63B, 5.1.1.2). */
function derive(password: string, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<Uint8Array> {
  const options = { N, r, p, maxmem: 256 * r * (N + p + 2) };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function formatHash({ N, r, p }: ScryptCost, salt: Uint8Array, key: Uint8Array): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  return `scrypt$${N}$${r}$${p}$${text(salt)}$${text(key)}`;
}

function parseHash(text: string): { salt: Uint8Array; key: Uint8Array; cost: ScryptCost } {
  const [, N, r, p, salt, key] = HASH.exec(text) ?? [];
  if (salt === undefined || key === undefined) {
    throw new FedgeError(
      "DATA_CORRUPT",
      "a stored password hash is damaged; restore the database from a backup",
    );
  }
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return { salt: Buffer.from(salt, "base64url"), key: Buffer.from(key, "base64url"), cost };
}
