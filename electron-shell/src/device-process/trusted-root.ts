import { FedgeError, MAX_METADATA_BYTES } from "@fedge/protocol";
import { open } from "node:fs/promises";

/**
 * The bytes of the root that the app trusts. Whether they are a root is the device's to say. Throws OPTION_INVALID for a
 * file that cannot be read, or has more bytes than a root may have.
 */
export async function readTrustedRoot(path: string): Promise<Uint8Array> {
  const limitBytes = MAX_METADATA_BYTES.root;
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(limitBytes + 1), 0, limitBytes + 1, 0);
      if (bytesRead > limitBytes) throw new Error(`it has more than ${limitBytes} bytes`);
      return buffer.slice(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FedgeError(
      "OPTION_INVALID",
      `the trusted root ${path} cannot be read: ${reason}; write it with \`fedge keys export-root\``,
      { cause },
    );
  }
}
