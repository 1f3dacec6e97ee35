import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import type { AuditEntry } from "./audit.js";
import { canonicalJson, hashOf, nextEntry, EMPTY_CHAIN, NO_HASH } from "./audit-chain.js";
import { AuditLog, assertWhole, type AuditCheck } from "./audit-log.js";
import { MemoryAuditAnchor, MemoryAuditStore } from "./testing/memory-audit.js";

let clock: ManualClock;
let store: MemoryAuditStore;
let anchor: MemoryAuditAnchor;
let errors: string[];

const open = (): Promise<AuditLog> =>
  AuditLog.open({ store, anchor, clock, log: { error: (_details, message) => void errors.push(message) } });

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryAuditStore();
  anchor = new MemoryAuditAnchor();
  errors = [];
});

const act = (subject: string) => ({ actor: "ana", action: "task.stop", subject, details: {} });

/** A log of five entries about t1 to t5. */
async function fiveEntries(): Promise<AuditLog> {
  const log = await open();
  for (const subject of ["t1", "t2", "t3", "t4", "t5"]) await log.append(act(subject));
  return log;
}

function at(rows: readonly AuditEntry[], index: number): AuditEntry {
  const row = rows[index];
  if (row === undefined) throw new Error(`no row ${index}`);
  return row;
}

/** The rows with every hash computed anew, as somebody does who can write to the database. */
function rehashed(rows: readonly AuditEntry[]): AuditEntry[] {
  return rows.reduce<AuditEntry[]>(
    (chain, { atMs, ...draft }) => [...chain, nextEntry(chain.at(-1) ?? EMPTY_CHAIN, draft, atMs)],
    [],
  );
}

describe("the hash of an entry", () => {
  // Hashes of Python's hashlib over json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).
  const details = { model: "digits", maxRounds: 50, note: "größer" };
  const first = nextEntry(
    EMPTY_CHAIN,
    { actor: "ana", action: "task.create", subject: "digits-1", details },
    1_700_000_000_000,
  );

  test("is the SHA-256 of its sorted JSON, as another program computes it", () => {
    expect(first.hash).toBe("54fb5a3a934dfc8cb690b8310aa575e4639215d0d0083218ebfd307167d77d77");
  });

  test("covers the hash of the entry before it", () => {
    const draft = { actor: "bob", action: "task.stop", subject: "digits-1", details: {} };

    expect(nextEntry(first, draft, 1_700_000_001_000).hash).toBe(
      "c7fc29a79af220da8ef787d4644b5c9e72ea338c9a55057b6a4c1955c9e727e9",
    );
  });

  test("does not depend on the order in which details were given", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (given) => {
        const turned = Object.fromEntries(Object.entries(given).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(given));
      }),
      { seed: 5, verbose: true },
    );
  });

  test("is the same after the details went through the database as text", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 }), (given) => {
        const entry = nextEntry(EMPTY_CHAIN, { ...act("t1"), details: given }, 1000);
        const read = {
          ...entry,
          details: JSON.parse(canonicalJson(entry.details)) as Record<string, unknown>,
        };
        expect(hashOf(read)).toBe(entry.hash);
      }),
      { seed: 6, verbose: true },
    );
  });

  test.each([
    ["a control character in a name", { ...act("t1"), actor: "ana\u001b[2J" }],
    ["half a surrogate pair", { ...act("t1"), subject: "\ud800" }],
    ["no action", { ...act("t1"), action: "" }],
    ["details of more than 16 KiB", { ...act("t1"), details: { text: "x".repeat(17_000) } }],
    ["a number that JSON has not", { ...act("t1"), details: { rate: Number.NaN } }],
  ])("is not made for an entry with %s", (_name, draft) => {
    expect(() => nextEntry(EMPTY_CHAIN, draft, 0)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});

describe("a whole log", () => {
  test("is found whole, with its head", async () => {
    const log = await fiveEntries();

    expect(await log.verify()).toEqual({
      ok: true,
      head: { seq: 5, hash: at(store.rows, 4).hash },
      brokenSeq: null,
      reason: null,
    });
  });

  test("that is empty is whole", async () => {
    expect(await (await open()).verify()).toMatchObject({ ok: true, head: { seq: 0, hash: NO_HASH } });
  });

  test("is whole when it is longer than what is read at once", async () => {
    const log = await open();
    for (let index = 0; index < 1001; index += 1) await log.append(act("t1"));

    expect(await log.verify()).toMatchObject({ ok: true, head: { seq: 1001 } });
  });

  test("whose server was killed between entry and anchor is whole", async () => {
    await fiveEntries();
    anchor.head = { seq: 4, hash: at(store.rows, 3).hash };

    const log = await open();

    expect([(await log.verify()).ok, anchor.head.seq, errors]).toEqual([true, 5, []]);
  });

  test("whose anchor is gone is anchored anew, and that is logged", async () => {
    await fiveEntries();
    anchor.head = undefined;

    await open();

    expect([anchor.head, errors]).toMatchObject([{ seq: 5 }, [expect.stringMatching(/no audit-head/)]]);
  });

  test("gives entries newest first and from a time on", async () => {
    const log = await open();
    for (const subject of ["t1", "t2", "t3"]) {
      await log.append(act(subject));
      clock.advance(1000);
    }

    const entries = await log.list({ limit: 10, offset: 0, sinceMs: 1_700_000_001_000 });

    expect(entries.map((entry) => entry.subject)).toEqual(["t3", "t2"]);
  });
});

describe("S20: a log that somebody changed in the database", () => {
  const tampering: readonly [string, number, (rows: AuditEntry[]) => AuditEntry[]][] = [
    ["an edited actor", 3, (rows) => rows.map((row) => (row.seq === 3 ? { ...row, actor: "mallory" } : row))],
    ["edited details", 2, (rows) => rows.map((row) => (row.seq === 2 ? { ...row, details: { x: 1 } } : row))],
    ["an edited time", 1, (rows) => rows.map((row) => (row.seq === 1 ? { ...row, atMs: 1 } : row))],
    [
      "an edited entry with a hash to match",
      4,
      (rows) =>
        rows.map((row) => {
          const edited = { ...row, actor: "mallory" };
          return row.seq === 3 ? { ...edited, hash: hashOf(edited) } : row;
        }),
    ],
    ["a deleted entry", 3, (rows) => rows.filter((row) => row.seq !== 3)],
    ["a deleted first entry", 1, (rows) => rows.slice(1)],
    [
      "a deleted entry whose gap was closed",
      3,
      (rows) => rows.filter((row) => row.seq !== 3).map((row, index) => ({ ...row, seq: index + 1 })),
    ],
    [
      "two entries in the other's place",
      2,
      (rows) => [0, 2, 1, 3, 4].map((index, place) => ({ ...at(rows, index), seq: place + 1 })),
    ],
    [
      "an inserted entry",
      3,
      (rows) =>
        [...rows.slice(0, 2), at(rows, 0), ...rows.slice(2)].map((row, index) => ({
          ...row,
          seq: index + 1,
        })),
    ],
    ["a cut end", 4, (rows) => rows.slice(0, 3)],
    ["nothing left of it", 1, () => []],
    [
      "a chain that was computed anew",
      5,
      (rows) => rehashed(rows.map((row) => (row.seq === 2 ? { ...row, actor: "mallory" } : row))),
    ],
    [
      "a cut end that was written over",
      5,
      (rows) => rehashed([...rows.slice(0, 3), at(rows, 0), at(rows, 0), at(rows, 0)]),
    ],
  ];

  test.each(tampering)("%s is found at entry %i", async (_name, brokenSeq, change) => {
    const log = await fiveEntries();
    store.rows = change(store.rows);

    expect(await log.verify()).toMatchObject({ ok: false, brokenSeq });
  });

  test.each(tampering.slice(-4))(
    "%s is still found after a restart and more entries",
    async (_name, _brokenSeq, change) => {
      await fiveEntries();
      store.rows = change(store.rows);

      const log = await open();
      for (const subject of ["t6", "t7", "t8"]) await log.append(act(subject));

      expect([(await log.verify()).ok, errors[0]]).toEqual([false, expect.stringMatching(/audit verify/)]);
    },
  );

  test("together with its anchor is found by a head that was noted elsewhere", async () => {
    const noted = (await (await fiveEntries()).verify()).head;
    store.rows = rehashed(store.rows.map((row) => ({ ...row, actor: "mallory" })));
    anchor.head = at(store.rows, 4);
    const log = await open();

    const [alone, compared] = [await log.verify(), await log.verify(noted)];

    expect([alone.ok, compared.ok, compared.brokenSeq]).toEqual([true, false, 5]);
  });

  test("is AUDIT_BROKEN with the entry for the command line", () => {
    const check: AuditCheck = { ok: false, head: EMPTY_CHAIN, brokenSeq: 1, reason: "entry 1 was changed" };

    expect(() => assertWhole(check)).toThrow(
      expect.objectContaining({
        code: "AUDIT_BROKEN",
        message: expect.stringContaining("entry 1 was changed"),
      }),
    );
  });
});
