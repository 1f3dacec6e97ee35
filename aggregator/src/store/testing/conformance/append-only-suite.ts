import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** A connection to a migrated database whose log has entries, as somebody has who knows its password. */
export interface RawConnection {
  query(statement: string): Promise<{ readonly rows: readonly unknown[] }>;
  close(): Promise<void>;
}

/** The database itself keeps the audit log as it was written, whoever speaks to it. */
export function describeAppendOnlyAudit(name: string, open: () => Promise<RawConnection>): void {
  describe(`the audit log in ${name}`, () => {
    let connection: RawConnection;
    beforeAll(async () => {
      connection = await open();
    }, 120_000);
    afterAll(() => connection.close(), 60_000);
    const entries = async () => (await connection.query("select * from audit_entries order by seq")).rows;

    test.each([
      ["UPDATE", "update audit_entries set actor = 'mallory' where seq = 1"],
      ["DELETE", "delete from audit_entries"],
      ["DELETE", "with gone as (delete from audit_entries returning seq) select count(*) from gone"],
      ["TRUNCATE", "truncate audit_entries"],
      [
        "UPDATE",
        "insert into audit_entries select * from audit_entries on conflict (seq) do update set actor = 'mallory'",
      ],
    ])("refuses %s by `%s`, and every entry stays as it was", async (what, statement) => {
      const before = await entries();
      expect(before).toHaveLength(2);

      await expect(connection.query(statement)).rejects.toThrow(
        `the audit log is append-only: ${what} is refused`,
      );

      expect(await entries()).toEqual(before);
    });

    test("takes another entry", async () => {
      const another =
        "insert into audit_entries select seq + 2, at_ms, actor, action, subject, details, previous_hash, hash from audit_entries where seq = 1";

      await connection.query(another);

      expect(await entries()).toHaveLength(3);
    });
  });
}
