import type { z } from "@hono/zod-openapi";
import { InvalidArgumentError, type Command } from "commander";
import type { AuditHead } from "../../audit/audit-chain.js";
import { assertWhole, type AuditCheck } from "../../audit/audit-log.js";
import type { auditEntryBody } from "../../http/schema/audit-schema.js";
import { auditCheckBody, auditList } from "../../http/schema/audit-schema.js";
import { wholeNumber } from "../flag-values.js";
import { readAll } from "../pages.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { timeText } from "../text.js";

type EntryBody = z.output<typeof auditEntryBody>;

/** `fedge audit list|verify`. */
export function addAudit(program: Command, terminal: Terminal): void {
  const audit = program
    .command("audit")
    .description("list who did what, and verify that nobody changed the list");
  addServerFlags(audit.command("list").description("who did what, newest first"))
    .option("--limit <count>", "at most so many entries", wholeNumber({ least: 1 }), 100)
    .option("--since <time>", "only from this time on, such as 2025-01-31 or 2025-01-31T22:00Z", time)
    .action(async (flags: ServerFlags & { limit: number; since?: number }) => {
      const client = clientOf(flags);
      const entries = await readAll(flags.limit, async (page) => {
        const query = { ...page, since: flags.since };
        return (await client.get("/v1/audit", auditList, query)).entries;
      });
      printResult(terminal, entries, () => formatTable(COLUMNS, entries));
    });
  addServerFlags(audit.command("verify").description("whether every entry is as it was written"))
    .option("--head <seq:hash>", "an entry noted before, which has to be in the log still", head)
    .action((flags: ServerFlags & { head?: AuditHead }) => verify(flags, terminal));
}

async function verify(flags: ServerFlags & { readonly head?: AuditHead }, terminal: Terminal): Promise<void> {
  const check: AuditCheck = await clientOf(flags).get("/v1/audit/verify", auditCheckBody, { ...flags.head });
  assertWhole(check);
  printResult(terminal, check, () =>
    check.head.seq === 0
      ? "the log is empty"
      : `${check.head.seq} entries, whole; note this to compare later:\n--head ${check.head.seq}:${check.head.hash}`,
  );
}

function time(text: string): number {
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError("It takes a time such as 2025-01-31T22:00Z.");
  return atMs;
}

function head(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined) {
    throw new InvalidArgumentError("It takes what `fedge audit verify` printed, such as 12:9f86….");
  }
  return { seq: Number(seq), hash };
}

const COLUMNS: readonly TableColumn<EntryBody>[] = [
  { title: "ENTRY", isNumber: true, cell: (entry) => String(entry.seq) },
  { title: "TIME", cell: (entry) => timeText(entry.atMs) },
  { title: "ACTOR", cell: (entry) => entry.actor },
  { title: "ACTION", cell: (entry) => entry.action },
  { title: "SUBJECT", cell: (entry) => entry.subject },
  { title: "DETAILS", cell: (entry) => detailsText(entry.details) },
];

function detailsText(details: EntryBody["details"]): string {
  return Object.keys(details).length === 0 ? "" : JSON.stringify(details);
}
