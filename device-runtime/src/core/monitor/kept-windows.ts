import type { ByteStore, StoreChange } from "../ports/storage.js";
import { VERDICTS, decodeVector, encodeVector } from "@fedge/protocol/profile";
import * as z from "zod/mini";
import type { WindowJudgement } from "./drift-judgement.js";
import { wasJudged } from "./persistence.js";

/** A closed window as the device keeps it. */
export interface KeptWindow {
  readonly judgement: WindowJudgement;
  readonly vector: Uint32Array;
}

const verdict = z.enum(VERDICTS);
const number = z.nullable(z.number());
const reason = z.nullable(z.string());

const joint = z.object({
  ...{ name: z.string(), method: z.enum(["domain-classifier", "mmd"]), verdict, reason },
  ...{ effect: number, logPValue: number, isExceeded: z.boolean(), features: z.array(z.string()) },
});

const judged = z.object({
  window: z.int().check(z.gte(0)),
  ...{ verdict, numRows: z.number(), numTests: z.number(), greatestPsi: number, estimatedAccuracy: number },
  noticed: z.array(z.string()),
  // Windows that were closed before features were compared together have none.
  joint: z._default(z.array(joint), []),
  features: z.array(
    z.object({
      ...{ name: z.string(), verdict, reason, psi: number, jensenShannon: number, meanShift: number },
      ...{ logPValue: number, isExceeded: z.boolean() },
    }),
  ),
});

/** The last windows of one version that were closed: what verdicts look back on, and what must never be opened again. */
export class KeptWindows {
  /** The oldest first. */
  #windows: KeptWindow[] = [];

  constructor(
    private readonly store: Pick<ByteStore, "get" | "keys">,
    private readonly prefix: string,
    private readonly numKept: number,
  ) {}

  get judgements(): readonly WindowJudgement[] {
    return this.#windows.map(({ judgement }) => judgement);
  }

  get last(): WindowJudgement | null {
    return this.#windows.at(-1)?.judgement ?? null;
  }

  get lastJudged(): WindowJudgement | null {
    return this.judgements.filter(wasJudged).at(-1) ?? null;
  }

  /** Reads what is there; what is damaged is told and left out. Throws STORAGE_FAILED. */
  async restore(numCells: number, onError: (error: unknown) => void): Promise<void> {
    const windows: KeptWindow[] = [];
    for (const key of await this.store.keys(this.prefix)) {
      try {
        windows.push(decodeKept((await this.store.get(key)) ?? new Uint8Array(), numCells));
      } catch (error) {
        onError(error);
      }
    }
    this.#windows = windows.sort((one, other) => one.judgement.window - other.judgement.window);
  }

  /** Whether the window was closed, or is older than all that are remembered. */
  isClosed(window: number): boolean {
    const [oldest] = this.#windows;
    if (oldest !== undefined && this.#windows.length >= this.numKept && window < oldest.judgement.window)
      return true;
    return this.#windows.some(({ judgement }) => judgement.window === window);
  }

  /** Takes a window in, and gives what the store has to change for that. */
  add(kept: KeptWindow): StoreChange[] {
    const all = [...this.#windows, kept].sort((one, other) => one.judgement.window - other.judgement.window);
    const gone = all.splice(0, Math.max(0, all.length - this.numKept));
    this.#windows = all;
    return [
      [this.#keyOf(kept.judgement.window), encodeKept(kept)],
      ...gone.map(({ judgement }) => [this.#keyOf(judgement.window), null] as const),
    ];
  }

  /** Forgets all counts; which windows were closed stays. */
  clear(): StoreChange[] {
    this.#windows = this.#windows.map(({ judgement }) => ({
      judgement: { ...judgement, verdict: "learning", features: [], joint: [], noticed: [], numRows: 0 },
      vector: new Uint32Array(),
    }));
    return this.#windows.map((kept) => [this.#keyOf(kept.judgement.window), encodeKept(kept)] as const);
  }

  #keyOf(window: number): string {
    return `${this.prefix}${String(window).padStart(10, "0")}`;
  }
}

/** The judgement as JSON, then the vector. */
function encodeKept({ judgement, vector }: KeptWindow): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(judgement));
  const counts = encodeVector(vector);
  const bytes = new Uint8Array(4 + text.length + counts.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(counts, 4 + text.length);
  return bytes;
}

function decodeKept(bytes: Uint8Array, numCells: number): KeptWindow {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const text = new TextDecoder().decode(bytes.subarray(4, 4 + length));
  const counts = bytes.subarray(4 + length);
  return {
    judgement: z.parse(judged, JSON.parse(text)),
    vector: decodeVector(counts, counts.length === 0 ? 0 : numCells),
  };
}
