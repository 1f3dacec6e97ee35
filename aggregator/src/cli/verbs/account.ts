import { Option, type Command } from "commander";
import type { z } from "@hono/zod-openapi";
import { accountBody, accountList, invitationBody } from "../../http/schema/people-schema.js";
import { ROLES, type Role } from "../../people/roles.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields, formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { NONE, timeText } from "../text.js";
import { addPasswords } from "./account-passwords.js";

type AccountBody = z.output<typeof accountBody>;
type Change = { readonly role: Role } | { readonly disabled: boolean };

export const roleOption = (description: string): Option =>
  new Option("--role <role>", description).choices(ROLES).default("viewer");

/** `fedge account list|invite|set-role|disable|enable|reset|password`. */
export function addAccount(program: Command, terminal: Terminal): void {
  const account = program
    .command("account")
    .description("list accounts, invite people, give roles, disable, set passwords");
  addServerFlags(account.command("list").description("every account, by name")).action(
    async (flags: ServerFlags) => {
      const { accounts } = await clientOf(flags).get("/v1/accounts", accountList);
      printResult(terminal, accounts, () => formatTable(COLUMNS, accounts));
    },
  );
  addServerFlags(account.command("invite").description("a link that makes one account, within 24 hours"))
    .argument("[name]", "name of the account; the invited person chooses one unless given")
    .addOption(roleOption("role of the account"))
    .action((name: string | undefined, flags: ServerFlags & { role: Role }) => invite(name, flags, terminal));
  addChanges(account, terminal);
  addPasswords(account, terminal);
}

function addChanges(account: Command, terminal: Terminal): void {
  const change = async (name: string, wanted: Change, flags: ServerFlags): Promise<void> => {
    const path = `/v1/accounts/${encodeURIComponent(name)}`;
    const changed = await clientOf(flags).post(path, accountBody, wanted);
    printResult(terminal, changed, () => formatTable(COLUMNS, [changed]));
  };
  addServerFlags(account.command("set-role").description("give an account another role, at once"))
    .argument("<name>", "name of the account")
    .addArgument(account.createArgument("<role>", "its new role").choices(ROLES))
    .action((name: string, role: Role, flags: ServerFlags) => change(name, { role }, flags));
  addServerFlags(account.command("disable").description("end an account's sessions and tokens, at once"))
    .argument("<name>", "name of the account")
    .action((name: string, flags: ServerFlags) => change(name, { disabled: true }, flags));
  addServerFlags(account.command("enable").description("let a disabled account in again"))
    .argument("<name>", "name of the account")
    .action((name: string, flags: ServerFlags) => change(name, { disabled: false }, flags));
}

async function invite(
  name: string | undefined,
  flags: ServerFlags & { readonly role: Role },
  terminal: Terminal,
): Promise<void> {
  const wanted = { role: flags.role, ...(name === undefined ? {} : { name }) };
  const invitation = await clientOf(flags).post("/v1/invitations", invitationBody, wanted);
  printResult(terminal, invitation, () =>
    formatFields([
      ["link", invitation.url],
      ["role", invitation.role],
      ["name", invitation.name ?? "as the person chooses"],
      ["until", timeText(invitation.expiresAtMs)],
    ]),
  );
}

const COLUMNS: readonly TableColumn<AccountBody>[] = [
  { title: "NAME", cell: (account) => account.name },
  { title: "ROLE", cell: (account) => account.role },
  { title: "CREATED", cell: (account) => timeText(account.createdAtMs) },
  {
    title: "DISABLED",
    cell: (account) => (account.disabledAtMs === null ? NONE : timeText(account.disabledAtMs)),
  },
];
