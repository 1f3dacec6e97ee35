import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import type { AuditEntry } from "./audit.js";
import { EMPTY_CHAIN, hashOf, nextEntry } from "./audit-chain.js";
import { AuditLog } from "./audit-log.js";
import { MemoryAuditAnchor, MemoryAuditStore } from "./testing/memory-audit.js";

const name = fc.stringMatching(/^[a-z]{1,8}$/);
const draft = fc.record({
  actor: name,
  action: name,
  subject: name,
  details: fc.dictionary(name, fc.jsonValue()),
});

/** One change to the rows as somebody with the database at hand makes it; `at` picks the place. */
type Tampering = (rows: readonly AuditEntry[], at: number) => AuditEntry[];

const renumbered = (rows: readonly AuditEntry[]): AuditEntry[] =>
  rows.map((row, index) => ({ ...row, seq: index + 1 }));
const edited = (row: AuditEntry): AuditEntry => ({ ...row, actor: `${row.actor}x` });
const rehashedFrom = (rows: readonly AuditEntry[], from: number): AuditEntry[] =>
  rows
    .slice(from)
    .reduce<AuditEntry[]>(
      (chain, { atMs, ...entry }) => [...chain, nextEntry(chain.at(-1) ?? EMPTY_CHAIN, entry, atMs)],
      rows.slice(0, from),
    );

const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  edit: (rows, at) => rows.map((row, index) => (index === at ? edited(row) : row)),
  "edit and rehash the entry": (rows, at) =>
    rows.map((row, index) => (index === at ? { ...edited(row), hash: hashOf(edited(row)) } : row)),
  "edit and rehash everything after": (rows, at) =>
    rehashedFrom(
      rows.map((row, index) => (index === at ? edited(row) : row)),
      at,
    ),
  delete: (rows, at) => rows.filter((_row, index) => index !== at),
  "delete and renumber": (rows, at) => renumbered(rows.filter((_row, index) => index !== at)),
  "delete and rehash": (rows, at) => rehashedFrom(renumbered(rows.filter((_row, index) => index !== at)), at),
  insert: (rows, at) => renumbered([...rows.slice(0, at), ...rows.slice(at, at + 1), ...rows.slice(at)]),
  truncate: (rows, at) => rows.slice(0, at),
};

test.each(Object.entries(TAMPERINGS))(
  "whatever the entries are and wherever it is done, '%s' is found, also after a restart",
  async (_name, tamper) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(draft, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.array(draft, { maxLength: 3 }),
        async (drafts, place, later) => {
          const parts = {
            store: new MemoryAuditStore(),
            anchor: new MemoryAuditAnchor(),
            clock: new ManualClock(),
            log: { error: () => undefined },
          };
          const log = await AuditLog.open(parts);
          for (const entry of drafts) await log.append(entry);
          expect((await log.verify()).ok).toBe(true);

          parts.store.rows = tamper(parts.store.rows, place % drafts.length);
          const restarted = await AuditLog.open(parts);
          for (const entry of later) await restarted.append(entry);

          expect((await restarted.verify()).ok).toBe(false);
        },
      ),
      { seed: 20, numRuns: 100, verbose: true },
    );
  },
);
