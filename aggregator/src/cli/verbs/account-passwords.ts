import type { Command } from "commander";
import { z } from "@hono/zod-openapi";
import { FedgeError } from "@fedge/protocol";
import { callerBody, passwordResetBody } from "../../http/schema/people-schema.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatFields } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { timeText } from "../text.js";

/** `fedge account reset` for who forgot it, `fedge account password` for who knows it. */
export function addPasswords(account: Command, terminal: Terminal): void {
  addServerFlags(
    account
      .command("reset")
      .description("a link by which a person sets a new password, within 24 hours; then every session ends"),
  )
    .argument("<name>", "name of the account")
    .action((name: string, flags: ServerFlags) => reset(name, flags, terminal));
  addServerFlags(
    account
      .command("password")
      .description("change one's own password; asks for the present and the new one, or takes a line each"),
  )
    .argument("<name>", "name of one's account")
    .action((name: string, flags: ServerFlags) => changeOwn(name, flags, terminal));
}

async function reset(name: string, flags: ServerFlags, terminal: Terminal): Promise<void> {
  const path = `/v1/accounts/${encodeURIComponent(name)}/password-reset`;
  const made = await clientOf(flags).post(path, passwordResetBody);
  printResult(terminal, made, () =>
    formatFields([
      ["link", made.url],
      ["account", made.account],
      ["until", timeText(made.expiresAtMs)],
    ]),
  );
}

/** Signs in with the present password, so that no token, not even a stolen one, is enough. */
async function changeOwn(name: string, flags: ServerFlags, terminal: Terminal): Promise<void> {
  const questions = ["present password", "new password", "new password again"];
  const [password = "", newPassword = "", again = ""] = await terminal.askSecrets(questions);
  if (newPassword !== again) {
    throw new FedgeError("OPTION_INVALID", "the two new passwords differ; type the same one twice");
  }
  const session = await clientOf(flags).signIn({ name, password });
  await session.post("/v1/session/password", z.object({}), { password, newPassword });
  const { role } = await session.get("/v1/session", callerBody);
  await session.delete("/v1/session", z.object({}));
  printResult(
    terminal,
    { account: name, role },
    () => `The password of ${name} is changed; every session with the old one has ended.`,
  );
}
