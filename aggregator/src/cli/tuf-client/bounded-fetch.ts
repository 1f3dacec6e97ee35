import { FedgeError } from "@fedge/protocol";

/** A server that sends nothing for so long is not waited for. */
const STALL_MS = 30_000;
/** Nor is one that sends a byte now and then. */
const WHOLE_MS = 600_000;
const ABSENT: ReadonlySet<number> = new Set([403, 404]);

/**
 * The bytes at an address; undefined when the server says that there are none. Reads no more than `maxBytes` and throws
 * METADATA_MALFORMED when there would be more, METADATA_UNAVAILABLE for a server that does not answer, or too slowly.
 */
export async function fetchBounded(
  url: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stall = new AbortController();
  const signal = AbortSignal.any([stall.signal, AbortSignal.timeout(WHOLE_MS)]);
  const timer = setTimeout(() => stall.abort(new Error("the server sends nothing")), STALL_MS);
  try {
    const response = await fetch(url, { signal, headers: { "accept-encoding": "identity" } });
    if (ABSENT.has(response.status)) return undefined;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await readBounded(response, maxBytes, () => timer.refresh());
  } catch (cause) {
    if (cause instanceof FedgeError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FedgeError("METADATA_UNAVAILABLE", `cannot fetch ${url}: ${reason}; try again later`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function readBounded(
  response: Response,
  maxBytes: number,
  onChunk: () => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    onChunk();
    sizeBytes += part.value.byteLength;
    if (sizeBytes > maxBytes) {
      await reader?.cancel();
      throw new FedgeError(
        "METADATA_MALFORMED",
        `${response.url} has more than the ${maxBytes} bytes that it may have`,
      );
    }
    chunks.push(part.value);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
