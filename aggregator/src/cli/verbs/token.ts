import type { z } from "@hono/zod-openapi";
import { InvalidArgumentError, Option, type Command } from "commander";
import { newTokenBody, tokenBody, tokenList } from "../../http/schema/people-schema.js";
import type { Role } from "../../people/roles.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, timeText } from "../text.js";
import { roleOption } from "./account.js";

type TokenBody = z.output<typeof tokenBody>;

const DAY_MS = 24 * 3_600_000;

/** `fedge token create|list|revoke`. */
export function addToken(program: Command, terminal: Terminal): void {
  const token = program.command("token").description("create, list and revoke API tokens");
  addServerFlags(token.command("create").description("an API token; it is printed this once"))
    .argument("<name>", "what it is for")
    .addOption(roleOption("role of the token, within your own"))
    .addOption(
      new Option("--expires <days>", "days until it stops, such as 30d, or `never`")
        .argParser(expiry)
        .default({ inMs: 90 * DAY_MS } satisfies Expiry, "90d"),
    )
    .action((name: string, flags: CreateFlags) => create(name, flags, terminal));
  addServerFlags(
    token.command("list").description("your API tokens, newest first; everybody's for an admin"),
  ).action(async (flags: ServerFlags) => {
    const { tokens } = await clientOf(flags).get("/v1/tokens", tokenList);
    printResult(terminal, tokens, () => formatTable(COLUMNS, tokens));
  });
  addServerFlags(token.command("revoke").description("stop an API token for good"))
    .argument("<id>", "id of the token, as `token list` shows it")
    .action(async (tokenId: string, flags: ServerFlags) => {
      const revoked = await clientOf(flags).delete(`/v1/tokens/${encodeURIComponent(tokenId)}`, tokenBody);
      printResult(terminal, revoked, () => formatTable(COLUMNS, [revoked]));
    });
}

/** An object, because commander makes an empty text of a null. */
interface Expiry {
  /** Null for never. */
  readonly inMs: number | null;
}

interface CreateFlags extends ServerFlags {
  readonly role: Role;
  readonly expires: Expiry;
}

async function create(name: string, flags: CreateFlags, terminal: Terminal): Promise<void> {
  const wanted = { name, role: flags.role, expiresInMs: flags.expires.inMs };
  const made = await clientOf(flags).post("/v1/tokens", newTokenBody, wanted);
  printResult(terminal, made, () =>
    formatFields([
      ["token", made.secret],
      ["id", made.token.tokenId],
      ["role", made.token.role],
      ["until", untilText(made.token)],
    ]),
  );
}

function expiry(text: string): Expiry {
  if (text === "never") return { inMs: null };
  const days = /^(\d{1,3})d$/.exec(text)?.[1];
  if (days !== undefined && Number(days) >= 1 && Number(days) <= 365) return { inMs: Number(days) * DAY_MS };
  throw new InvalidArgumentError("It takes 1d to 365d, or `never`.");
}

const untilText = (token: TokenBody): string =>
  token.expiresAtMs === null ? "revoked" : timeText(token.expiresAtMs);

const COLUMNS: readonly TableColumn<TokenBody>[] = [
  { title: "ID", cell: (token) => token.tokenId },
  { title: "NAME", cell: (token) => token.name },
  { title: "ROLE", cell: (token) => token.role },
  { title: "ACCOUNT", cell: (token) => token.account ?? NONE },
  { title: "EXPIRES", cell: (token) => (token.expiresAtMs === null ? "never" : timeText(token.expiresAtMs)) },
  { title: "LAST USED", cell: (token) => timeText(token.lastUsedAtMs) },
  { title: "REVOKED", cell: (token) => timeText(token.revokedAtMs) },
];
