import { FedgeError } from "@fedge/protocol";

/** One plain file of an archive. */
export interface TarFile {
  /** Relative, of lower-case letters, digits, `.`, `-` and `/` only. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/*
 * The archives that Fedge writes and reads are POSIX ustar files (IEEE 1003.1, pax interchange format, "ustar") of one
 * form only: plain files, in the order of the list, without owners or times. Reading refuses every other form, so there
 * is exactly one archive of the same files, and nothing in it can lead out of a directory.
 */

const BLOCK = 512;
const NAME_BYTES = 100;
const NAME = /^(?!\.)[a-z0-9][a-z0-9.-]*(?:\/[a-z0-9][a-z0-9.-]*)*$/;
const END_BYTES = 2 * BLOCK;

/** Throws OPTION_INVALID for a name that an archive of this form cannot hold. */
export function encodeTar(files: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const sizeBytes = files.reduce((sum, { bytes }) => sum + BLOCK + padded(bytes.byteLength), END_BYTES);
  const archive = new Uint8Array(sizeBytes);
  let at = 0;
  for (const { name, bytes } of files) {
    if (!isPlainName(name)) throw new FedgeError("OPTION_INVALID", `"${name}" cannot be a file of a bundle`);
    archive.set(headerOf(name, bytes.byteLength), at);
    archive.set(bytes, at + BLOCK);
    at += BLOCK + padded(bytes.byteLength);
  }
  return archive;
}

/** The files, as views of `archive`. Throws DATA_CORRUPT for anything that `encodeTar` would not have written. */
export function decodeTar(archive: Uint8Array, limits: { readonly maxFiles: number }): TarFile[] {
  const files: TarFile[] = [];
  let at = 0;
  while (at < archive.byteLength - END_BYTES) {
    if (files.length === limits.maxFiles) throw refused(`more than ${limits.maxFiles} files`);
    const file = fileAt(archive, at);
    if (files.some(({ name }) => name === file.name)) throw refused(`the file ${file.name} twice`);
    files.push(file);
    at += BLOCK + padded(file.bytes.byteLength);
  }
  if (at !== archive.byteLength - END_BYTES) throw refused("it is truncated");
  if (!isZero(archive.subarray(at))) throw refused("there are bytes behind its last file");
  return files;
}

function fileAt(archive: Uint8Array, at: number): TarFile {
  const header = archive.subarray(at, at + BLOCK);
  const name = textOf(header.subarray(0, NAME_BYTES));
  if (!isPlainName(name)) throw refused(`a file named ${JSON.stringify(name.slice(0, NAME_BYTES))}`);
  const sizeText = textOf(header.subarray(124, 136));
  if (!/^[0-7]{11}$/.test(sizeText)) throw refused(`the file ${name} has no size`);
  const sizeBytes = parseInt(sizeText, 8);
  // Type, owner, times, links and check sum: all as this form has them.
  if (!isSame(header, headerOf(name, sizeBytes))) throw refused(`${name} is no plain file of a bundle`);
  const end = at + BLOCK + sizeBytes;
  if (end > archive.byteLength - END_BYTES) throw refused(`the file ${name} is truncated`);
  if (!isZero(archive.subarray(end, at + BLOCK + padded(sizeBytes)))) throw refused(`${name} is padded`);
  return { name, bytes: archive.subarray(at + BLOCK, end) };
}

function headerOf(name: string, sizeBytes: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const write = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
  write(name, 0);
  write("0000644\0", 100);
  write("0000000\0", 108);
  write("0000000\0", 116);
  write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124);
  write(`${"0".repeat(11)}\0`, 136);
  write("        ", 148);
  write("0", 156);
  write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function isPlainName(name: string): boolean {
  return name.length <= NAME_BYTES && NAME.test(name) && !name.includes("..");
}

function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? field : field.subarray(0, end));
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK) * BLOCK;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function refused(why: string): FedgeError {
  return new FedgeError("DATA_CORRUPT", `the bundle is refused: ${why}; export it again`);
}
