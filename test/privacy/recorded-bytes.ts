import { inflateSync, gunzipSync, constants } from "node:zlib";

/** Bytes of a recording, in the ways in which something may stand in them. */
export interface RecordedBytes {
  readonly raw: Buffer;
  /** With small letters only. */
  readonly lower: Buffer;
  /** Its letters and digits alone, small: what is left of a word that was taken apart. */
  readonly letters: string;
  /** Every number that is written out in it, in order: whatever stands between them, and however JSON sets them. */
  readonly numbers: readonly number[];
}

const MAX_INFLATED_BYTES = 16 * 1024 * 1024;
const NUMBER = /\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;

/** The bytes themselves, and what gzip or deflate has packed in them, at whatever place and however deep. */
export function readRecorded(bytes: Buffer): readonly RecordedBytes[] {
  return [bytes, ...unpacked(bytes)].map((raw) => {
    const text = raw.toString("latin1").toLowerCase();
    return {
      raw,
      lower: Buffer.from(text, "latin1"),
      letters: text.replace(/[^a-z0-9]/g, ""),
      numbers: (text.match(NUMBER) ?? []).map(Number),
    };
  });
}

function unpacked(bytes: Buffer, depth = 0): Buffer[] {
  if (depth === 2) return [];
  const found: Buffer[] = [];
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    const inflated = inflatedAt(bytes, at);
    if (inflated !== null && inflated.length > 0) found.push(inflated, ...unpacked(inflated, depth + 1));
  }
  return found;
}

/** What begins here, as far as it goes; null where nothing packed begins. */
function inflatedAt(bytes: Buffer, at: number): Buffer | null {
  const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
  const isGzip = first === 0x1f && second === 0x8b && third === 8;
  // RFC 1950: the method is 8, the window at most 32 kB, and the two bytes are a multiple of 31.
  const isZlib = (first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0;
  if (!isGzip && !isZlib) return null;
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED_BYTES };
  try {
    return isGzip ? gunzipSync(bytes.subarray(at), options) : inflateSync(bytes.subarray(at), options);
  } catch {
    return null;
  }
}
