import { FedgeError, keyIdOf, type MetadataSigner, type TufKey } from "@fedge/protocol";
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { sha256Of } from "../blobs/blob-name.js";
import { readFileIfThere, writeFileAtomically } from "../state-directory/whole-file.js";

/** SPKI header of a raw Ed25519 public key (RFC 8410, section 4). */
const SPKI_PREFIX_BYTES = 12;

export const nodeSha256 = { sha256: async (bytes: Uint8Array): Promise<string> => sha256Of(bytes) };

/**
 * A new Ed25519 key in a PKCS #8 PEM file, mode 0600; encrypted when there is a passphrase. Throws KEYS_EXIST for a file
 * that is there: a key that is overwritten is lost.
 */
export async function createKeyFile(path: string, passphrase: string | null): Promise<MetadataSigner> {
  if ((await readFileIfThere(path)) !== undefined) {
    throw new FedgeError(
      "KEYS_EXIST",
      `${path} is there already; move it away before another key takes its place`,
    );
  }
  const { privateKey } = generateKeyPairSync("ed25519");
  const encryption = passphrase === null ? {} : { cipher: "aes-256-cbc", passphrase };
  const pem = privateKey.export({ type: "pkcs8", format: "pem", ...encryption });
  await writeFileAtomically(path, pem);
  return signerOf(privateKey);
}

/** The key of a file; undefined when there is none. Throws KEYS_MISSING when it cannot be opened. */
export async function readKeyFile(
  path: string,
  passphrase: string | null,
): Promise<MetadataSigner | undefined> {
  const pem = await readFileIfThere(path);
  if (pem === undefined) return undefined;
  return signerOf(openPem(path, Buffer.from(pem), passphrase));
}

function openPem(path: string, key: Buffer, passphrase: string | null): KeyObject {
  let opened: KeyObject;
  try {
    opened = createPrivateKey({ key, format: "pem", ...(passphrase === null ? {} : { passphrase }) });
  } catch (cause) {
    const remedy = "is FEDGE_KEYS_PASSPHRASE the passphrase that it was made with?";
    throw new FedgeError("KEYS_MISSING", `the key ${path} cannot be opened; ${remedy}`, { cause });
  }
  if (opened.asymmetricKeyType === "ed25519") return opened;
  throw new FedgeError(
    "KEYS_MISSING",
    `the key ${path} is of type ${opened.asymmetricKeyType}; Ed25519 is needed`,
  );
}

async function signerOf(privateKey: KeyObject): Promise<MetadataSigner> {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const key: TufKey = {
    keytype: "ed25519",
    scheme: "ed25519",
    keyval: { public: spki.subarray(SPKI_PREFIX_BYTES).toString("hex") },
  };
  return {
    keyId: await keyIdOf(key, nodeSha256),
    key,
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
