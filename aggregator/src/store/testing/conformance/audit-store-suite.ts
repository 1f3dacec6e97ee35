import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EMPTY_CHAIN, breakBefore, type AuditHead } from "../../../audit/audit-chain.js";
import type { AuditStore } from "../../../audit/ports.js";

type ClosableAuditStore = AuditStore & { close(): Promise<void> };

/** What every audit store does. One store serves all tests, in their order: entries cannot be taken back. */
export function describeAuditStore(name: string, open: () => Promise<ClosableAuditStore>): void {
  describe(`audit store on ${name}`, () => {
    let store: ClosableAuditStore;
    beforeAll(async () => {
      store = await open();
    }, 120_000);
    afterAll(() => store.close(), 60_000);

    const append = (subject: string, atMs = 1000) =>
      store.appendAudit({ actor: "ana", action: "task.stop", subject, details: {} }, atMs);

    test("is empty at first", async () => {
      expect([await store.lastAudit(), await store.auditAfter(0, 10)]).toEqual([undefined, []]);
    });

    test("gives an entry back field by field, whatever its details are", async () => {
      const details = { z: [1, -0.5, 1e21, null], a: { text: 'größer\u0000\ud83d\ude00"\n' } };

      const entry = await store.appendAudit(
        { actor: "ana", action: "task.create", subject: "t1", details },
        1_700_000_000_000,
      );

      expect(entry).toMatchObject({ seq: 1, actor: "ana", action: "task.create", subject: "t1", details });
      expect(await store.auditAfter(0, 10)).toEqual([entry]);
    });

    test("names the last entry and the hash of each", async () => {
      const entry = await append("t2");

      expect(await store.lastAudit()).toEqual({ seq: entry.seq, hash: entry.hash });
      expect(await store.auditHashOf(entry.seq)).toBe(entry.hash);
      expect(await store.auditHashOf(entry.seq + 1)).toBeUndefined();
    });

    test("chains entries that are appended at once", async () => {
      await Promise.all(Array.from({ length: 20 }, (_value, index) => append(`at-once-${index}`)));

      const faults: (string | null)[] = [];
      let head: AuditHead = EMPTY_CHAIN;
      for (const entry of await store.auditAfter(0, 1000)) {
        faults.push(breakBefore(entry, head));
        head = entry;
      }

      expect([faults.length, new Set(faults)]).toEqual([22, new Set([null])]);
    });

    test("lists newest first, in pages, and from a time on", async () => {
      await append("late-1", 5000);
      await append("late-2", 6000);

      const subjects = async (query: Parameters<AuditStore["listAudit"]>[0]) =>
        (await store.listAudit(query)).map((entry) => entry.subject);

      expect(await subjects({ limit: 1, offset: 1 })).toEqual(["late-1"]);
      expect(await subjects({ limit: 10, offset: 0, sinceMs: 5000 })).toContain("late-1");
      expect(await subjects({ limit: 10, offset: 0, sinceMs: 1_700_000_000_000 })).toEqual(["t1"]);
    });

    test("reads on from an entry, no more than was asked for", async () => {
      const entries = await store.auditAfter(1, 2);

      expect(entries.map((entry) => entry.seq)).toEqual([2, 3]);
    });

    test("keeps nothing of an entry that it refuses", async () => {
      const before = await store.lastAudit();

      const appending = store.appendAudit({ actor: "", action: "x", subject: "y", details: {} }, 1);

      await expect(appending).rejects.toMatchObject({ code: "OPTION_INVALID" });
      expect(await store.lastAudit()).toEqual(before);
    });
  });
}
