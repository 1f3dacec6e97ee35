import {
  FedgeError,
  decodeMetadata,
  encodeMetadata,
  signMetadata,
  type MetadataSigner,
  type Signatures,
} from "@fedge/protocol";
import { join } from "node:path";
import { makeDirectory } from "../state-directory/make-directory.js";
import { createKeyFile } from "./key-files.js";
import { keysOf, openRoot, rootDocument, type RootKeys } from "./root-document.js";
import { ONLINE_ROLES, readRootKeys, type OnlineRole, type SigningDirectory } from "./signing-directory.js";
import { DEFAULT_LIFETIMES, type Lifetimes } from "./lifetimes.js";
import { readFileIfThere, writeFileAtomically } from "../state-directory/whole-file.js";

export interface InitOptions {
  readonly nowMs: number;
  readonly passphrase: string | null;
  /** Where the root's keys go; beside the others when it is null. */
  readonly offlineRootDirectory: string | null;
  readonly numRootKeys: number;
  readonly rootThreshold: number;
  readonly lifetimes?: Lifetimes;
}

/**
 * Makes a key for each role, and the first root. Throws KEYS_EXIST when there is a root already, OPTION_INVALID for a
 * threshold that the keys cannot meet.
 */
export async function initKeys(directory: SigningDirectory, options: InitOptions): Promise<void> {
  const { numRootKeys, rootThreshold, nowMs, passphrase, lifetimes = DEFAULT_LIFETIMES } = options;
  if (rootThreshold < 1 || rootThreshold > numRootKeys || numRootKeys > 16) {
    throw new FedgeError(
      "OPTION_INVALID",
      `${rootThreshold} of ${numRootKeys} root keys; at most 16, and all can sign`,
    );
  }
  await directory.prepare();
  if ((await directory.rootVersions()).length > 0) {
    throw new FedgeError(
      "KEYS_EXIST",
      `${directory.directory} has a root already; \`fedge keys rotate\` changes keys`,
    );
  }
  const rootDirectory = options.offlineRootDirectory ?? directory.keysDirectory;
  await makeDirectory(rootDirectory);
  const root = [];
  for (let at = 1; at <= numRootKeys; at += 1) {
    root.push(await createKeyFile(join(rootDirectory, `root-${at}.pem`), passphrase));
  }
  const online = await createOnlineKeys(directory);
  const keys = { root: { keys: root, threshold: rootThreshold }, online };
  // The root is written last: as long as it is missing, nothing has been made.
  const document = rootDocument(1, nowMs + lifetimes.rootMs, keys);
  await directory.writeMetadata("1.root", await signMetadata(document, root));
}

async function createOnlineKeys(directory: SigningDirectory): Promise<RootKeys["online"]> {
  const [targets, snapshot, timestamp] = await Promise.all(
    ONLINE_ROLES.map((role) => directory.createKey(role)),
  );
  return { targets: made(targets), snapshot: made(snapshot), timestamp: made(timestamp) };
}

function made<T>(value: T | undefined): T {
  if (value === undefined) throw new FedgeError("INTERNAL", "a key was not made");
  return value;
}

export interface NextRoot {
  readonly version: number;
  /** False when the root is offline: the file waits for `signRoot`. */
  readonly isSigned: boolean;
  readonly path: string;
}

/**
 * Makes a new key for a role and the next root that trusts it in place of the old one. For `root`, the keys that are here
 * are replaced; when they are offline, the next root only lives longer until `replaceRootKeys` is run. It is signed with the root keys that are here, and adopted by the server once it has enough signatures.
 *
 * Throws KEYS_MISSING before `initKeys`, KEYS_EXIST while another next root waits.
 */
export async function rotateKey(
  directory: SigningDirectory,
  role: OnlineRole | "root",
  nowMs: number,
  { rootMs } = DEFAULT_LIFETIMES,
): Promise<NextRoot> {
  await requireNoneWaits(directory);
  const { root } = openRoot(await newestRoot(directory));
  const keys = keysOf(root);
  const signers = await directory.rootSigners();
  const next =
    role === "root" ? keys : { ...keys, online: { ...keys.online, [role]: await nextKey(directory, role) } };
  const version = root.version + 1;
  const bytes = await signMetadata(rootDocument(version, nowMs + rootMs, next), signers);
  await directory.writeNextRoot(bytes);
  if (role === "root" && signers.length > 0) {
    await replaceRootKeys(directory.nextRootFile, directory.keysDirectory, directory.passphrase);
  }
  return { version, isSigned: signers.length >= keys.root.threshold, path: directory.nextRootFile };
}

/**
 * The next root: the same keys, a new expiry. Signed with the root keys that are here, and waits for `signRoot` when they
 * are offline. A root that has expired is renewed in the same way: devices ask for the next root whatever became of theirs.
 *
 * Throws KEYS_MISSING before `initKeys`, KEYS_EXIST while another next root waits.
 */
export async function renewRoot(
  directory: SigningDirectory,
  nowMs: number,
  { rootMs } = DEFAULT_LIFETIMES,
): Promise<NextRoot> {
  await requireNoneWaits(directory);
  const { root } = openRoot(await newestRoot(directory));
  const own = (await directory.rootSigners()).filter(({ keyId }) => root.roles.root.keyids.includes(keyId));
  const version = root.version + 1;
  const document = rootDocument(version, nowMs + rootMs, keysOf(root));
  await directory.writeNextRoot(await signMetadata(document, own));
  return { version, isSigned: own.length >= root.roles.root.threshold, path: directory.nextRootFile };
}

async function requireNoneWaits(directory: SigningDirectory): Promise<void> {
  if ((await directory.readNextRoot()) === undefined) return;
  throw new FedgeError(
    "KEYS_EXIST",
    `${directory.nextRootFile} waits for signatures or for the server; sign it, start the server, or remove it`,
  );
}

/** The key that an interrupted rotation made is used. */
async function nextKey(directory: SigningDirectory, role: OnlineRole): Promise<MetadataSigner> {
  return (await directory.nextKeyOf(role)) ?? directory.createKey(role, { isNext: true });
}

/** The newest root's bytes. Throws KEYS_MISSING when there is none. */
export async function newestRoot(directory: SigningDirectory): Promise<Uint8Array<ArrayBuffer>> {
  await directory.prepare();
  const version = (await directory.rootVersions()).at(-1);
  const bytes = version === undefined ? undefined : await directory.readMetadata(`${version}.root`);
  if (bytes !== undefined) return bytes;
  throw new FedgeError("KEYS_MISSING", `there is no root in ${directory.directory}; run \`fedge keys init\``);
}

export interface RootSignatures {
  /** Of keys that the root trusts. */
  readonly numSignatures: number;
  readonly threshold: number;
}

/**
 * Adds the signatures of the keys of a folder to a root's file and gives how many it has now. Needs nothing but the file
 * and the keys, so that it runs where the root's keys are kept. Throws KEYS_MISSING or METADATA_MALFORMED.
 */
export async function signRoot(
  path: string,
  keysDirectory: string,
  passphrase: string | null,
): Promise<RootSignatures> {
  const bytes = await rootToSign(path);
  const signers = await readRootKeys(keysDirectory, passphrase);
  if (signers.length === 0)
    throw new FedgeError("KEYS_MISSING", `there is no root-1.pem in ${keysDirectory}`);
  const { root, written } = openRoot(bytes);
  const added = signaturesOf(await signMetadata(written, signers));
  const others = signaturesOf(bytes).filter(({ keyid }) => !added.some((own) => own.keyid === keyid));
  const signatures = [...others, ...added];
  await writeFileAtomically(path, encodeMetadata(written, signatures));
  const { keyids, threshold } = root.roles.root;
  // Those of keys that were replaced stand there too: devices that trust the root before want them.
  return { numSignatures: signatures.filter(({ keyid }) => keyids.includes(keyid)).length, threshold };
}

async function rootToSign(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFileIfThere(path);
  if (bytes !== undefined) return bytes;
  throw new FedgeError("KEYS_MISSING", `there is no root to sign at ${path}`);
}

function signaturesOf(bytes: Uint8Array): Signatures {
  return decodeMetadata("root", bytes).signatures;
}

/**
 * Makes as many new root keys in a folder as it has of the root's, lets the root of the file trust them in their place, and
 * signs it with both: devices follow a root only when the keys before it agree. Throws as `signRoot` does.
 */
export async function replaceRootKeys(
  path: string,
  keysDirectory: string,
  passphrase: string | null,
): Promise<RootSignatures> {
  const { root } = openRoot(await rootToSign(path));
  const keys = keysOf(root);
  const all = await readRootKeys(keysDirectory, passphrase);
  const old = all.filter(({ keyId }) => root.roles.root.keyids.includes(keyId));
  if (old.length === 0)
    throw new FedgeError("KEYS_MISSING", `no key in ${keysDirectory} is one of the root's`);
  const made = [];
  for (const [at] of old.entries()) {
    made.push(await createKeyFile(join(keysDirectory, `root-${all.length + at + 1}.pem`), passphrase));
  }
  const kept = keys.root.keys.filter(({ keyId }) => !old.some((signer) => signer.keyId === keyId));
  const next = { ...keys, root: { ...keys.root, keys: [...kept, ...made] } };
  // The signatures that the file has are of another document.
  await writeFileAtomically(
    path,
    await signMetadata(rootDocument(root.version, root.expires, next), [...old, ...made]),
  );
  return { numSignatures: made.length, threshold: root.roles.root.threshold };
}
