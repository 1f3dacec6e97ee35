import type { Command } from "commander";
import { isLoopback } from "../../http/site-guard.js";
import type { RetentionPolicy } from "../../registry/retention/retention-policy.js";
import { startServer, type RunningServer, type ServerOptions } from "../../server.js";
import { driftOptionsOf } from "../drift-flags.js";
import { readEvaluationData } from "../evaluation-data-flag.js";
import { addServeFlags, type ServeFlags } from "../serve-options.js";
import { formatFields } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { closeAtSignal } from "../until-signal.js";

/** `fedge serve`: runs until SIGINT or SIGTERM. */
export function addServe(program: Command, terminal: Terminal): void {
  addServeFlags(program.command("serve").description("run an aggregator until Ctrl-C")).action(
    async (flags: ServeFlags) => {
      const evaluationData = await readEvaluationData(flags.evaluationData);
      const server = await startServer({
        ...serverOptionsOf(flags),
        ...(evaluationData === undefined ? {} : { evaluationData }),
      });
      printUrls(server, flags, terminal);
      await closeAtSignal(server, terminal);
    },
  );
}

export function serverOptionsOf(flags: ServeFlags): ServerOptions {
  // Not a flag: whoever lists processes would read it.
  const keysPassphrase = process.env["FEDGE_KEYS_PASSPHRASE"];
  return {
    stateDirectory: flags.state,
    host: flags.host,
    httpPort: flags.port,
    mqttPort: flags.mqttPort,
    tenantId: flags.tenant,
    ...(flags.population === undefined ? {} : { population: flags.population }),
    logLevel: flags.logLevel,
    allowedHosts: flags.allowedHost,
    allowedOrigins: flags.allowedOrigin,
    retention: retentionOf(flags),
    ...driftOptionsOf(flags, process.env),
    ...(keysPassphrase === undefined || keysPassphrase === "" ? {} : { keysPassphrase }),
    ...(flags.databaseUrl === undefined ? {} : { databaseUrl: flags.databaseUrl }),
    ...(flags.brokerUrl === undefined ? {} : { brokerUrl: flags.brokerUrl }),
    ...(flags.enrolmentKey === undefined ? {} : { enrolmentKey: flags.enrolmentKey }),
  };
}

function retentionOf({ keepNewest, keepDays, keepSums }: ServeFlags): Partial<RetentionPolicy> {
  return {
    ...(keepNewest === undefined ? {} : { keepNewest }),
    ...(keepDays === undefined ? {} : { keepDays }),
    ...(keepSums === undefined ? {} : { keepSums }),
  };
}

/** Says where everything is. The page of a server that others can reach opens with the token in its address. */
export function printUrls(server: RunningServer, flags: Pick<ServeFlags, "host">, terminal: Terminal): void {
  const { httpUrl, mqttUrl, webSocketUrl, adminToken, adminTokenFile, firstInvitationUrl } = server;
  const host = flags.host.includes(":") ? `[${flags.host}]` : flags.host;
  const page = isLoopback(host) ? `${httpUrl}/` : `${httpUrl}/#token=${adminToken}`;
  const first = firstInvitationUrl === null ? [] : [["first admin", `${firstInvitationUrl} (once)`] as const];
  printResult(terminal, { httpUrl, mqttUrl, webSocketUrl, adminTokenFile, firstInvitationUrl }, () =>
    formatFields([
      ["page", page],
      ["http", httpUrl],
      ["mqtt", `${mqttUrl} and ${webSocketUrl}`],
      ["admin token", adminTokenFile],
      ...first,
    ]),
  );
}
