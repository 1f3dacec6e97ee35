import { FedgeError } from "@fedge/protocol";
import { randomBytes, randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DeviceKey } from "../identity/device-key.js";
import { deviceKeyOf } from "./device-key.js";
import { syncFolder } from "./sync-folder.js";

const SEED_BYTES = 32;

/** The device's key from its file, made the first time (mode 0600). Throws STORAGE_FAILED. */
export async function openDeviceKey(directory: string): Promise<DeviceKey> {
  const path = join(directory, "device-key");
  const kept = await readSeed(path);
  if (kept !== undefined) return deviceKeyOf(kept);
  const seed = randomBytes(SEED_BYTES);
  try {
    await writeSeed(path, seed);
  } catch (cause) {
    throw new FedgeError("STORAGE_FAILED", `cannot keep the device's key ${path}; is the folder writable?`, {
      cause,
    });
  }
  return deviceKeyOf(seed);
}

/** The key is gone for good. Throws STORAGE_FAILED. */
export async function eraseDeviceKey(directory: string): Promise<void> {
  const path = join(directory, "device-key");
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw new FedgeError("STORAGE_FAILED", `cannot erase the device's key ${path}; remove it by hand`, {
      cause,
    });
  }
}

async function writeSeed(path: string, seed: Buffer): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(seed.toString("base64url"));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // A device that has enrolled and loses its key is another device.
  await syncFolder(dirname(path));
}

async function readSeed(path: string): Promise<Buffer | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new FedgeError("STORAGE_FAILED", `cannot read the device's key ${path}`, { cause: error });
  });
  if (text === undefined) return undefined;
  const seed = Buffer.from(text.trim(), "base64url");
  if (seed.length === SEED_BYTES) return seed;
  throw new FedgeError(
    "STORAGE_FAILED",
    `${path} is damaged; remove it, and the device enrols anew under another name`,
  );
}
