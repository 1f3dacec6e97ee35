import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../clock/manual-clock.js";
import { AuditLog } from "./audit-log.js";
import { fileAuditAnchor } from "./file-audit-anchor.js";
import { MemoryAuditStore } from "./testing/memory-audit.js";

const HEAD = { seq: 7, hash: "ab".repeat(32) };
let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fedge-anchor-"));
  path = join(directory, "audit-head");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("the anchor file", () => {
  test("is not there before the first entry", async () => {
    expect(await fileAuditAnchor(path).read()).toBeUndefined();
  });

  test("gives back what was written, for its owner only, and leaves nothing beside it", async () => {
    await fileAuditAnchor(path).write({ ...HEAD, seq: 6 });
    await fileAuditAnchor(path).write(HEAD);

    expect(await fileAuditAnchor(path).read()).toEqual(HEAD);
    expect([await readdir(directory), (await stat(path)).mode & 0o777]).toEqual([["audit-head"], 0o600]);
  });

  test.each(["", "{", '{"seq":-1,"hash":"00"}', '{"seq":1}'])(
    "that holds %j is AUDIT_BROKEN by name",
    async (text) => {
      await writeFile(path, text);

      const reading = fileAuditAnchor(path).read();

      await expect(reading).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
      await expect(reading).rejects.toThrow(/audit-head.*backup/);
    },
  );

  test("in a place that cannot be written is STORAGE_FAILED", async () => {
    const writing = fileAuditAnchor(join(directory, "absent", "audit-head")).write(HEAD);

    await expect(writing).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  });

  test("that is damaged stays as it is, and the log goes on", async () => {
    await writeFile(path, "damaged");
    const errors: string[] = [];
    const log = await AuditLog.open({
      store: new MemoryAuditStore(),
      anchor: fileAuditAnchor(path),
      clock: new ManualClock(),
      log: { error: (_details, message) => void errors.push(message) },
    });

    await log.append({ actor: "ana", action: "task.stop", subject: "t1", details: {} });

    expect(errors).toHaveLength(1);
    await expect(log.verify()).rejects.toMatchObject({ code: "AUDIT_BROKEN" });
  });
});
