import { Argument, Option, type Command } from "commander";
import { join, resolve } from "node:path";
import { createSystemClock } from "../../clock/system-clock.js";
import {
  initKeys,
  newestRoot,
  renewRoot,
  replaceRootKeys,
  rotateKey,
  signRoot,
  type NextRoot,
} from "../../signing/key-ceremony.js";
import { DAY_MS, DEFAULT_LIFETIMES } from "../../signing/lifetimes.js";
import { readChain } from "../../signing/metadata-chain.js";
import { expiriesOf, expiryRemedy, type MetadataExpiry } from "../../signing/metadata-expiry.js";
import { openRoot } from "../../signing/root-document.js";
import { ONLINE_ROLES, SigningDirectory, type OnlineRole } from "../../signing/signing-directory.js";
import { writeFileAtomically } from "../../state-directory/whole-file.js";
import { wholeNumber } from "../flag-values.js";
import { DEFAULT_STATE_DIRECTORY, jsonFlag } from "../server-flags.js";
import { formatFields } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";
import { timeText } from "../text.js";

interface KeysFlags {
  readonly state: string;
}

/** `fedge keys init|show|status|renew-root|rotate|sign-root|export-root`: who may sign what devices believe. */
export function addKeys(program: Command, terminal: Terminal): void {
  const keys = program.command("keys").description("make, show, renew, rotate and carry the signing keys");
  addInit(keys, terminal);
  addShow(keys, terminal);
  addStatus(keys, terminal);
  addRenewRoot(keys, terminal);
  addRotate(keys, terminal);
  addSignRoot(keys, terminal);
  addExportRoot(keys, terminal);
}

function withState(command: Command): Command {
  return command
    .addOption(
      new Option("--state <directory>", "state directory of the aggregator")
        .env("FEDGE_STATE")
        .default(DEFAULT_STATE_DIRECTORY),
    )
    .addOption(jsonFlag());
}

/** Not a flag: whoever lists processes would read it. */
function passphraseOf({ env }: Terminal): string | null {
  const passphrase = env["FEDGE_KEYS_PASSPHRASE"];
  return passphrase === undefined || passphrase === "" ? null : passphrase;
}

function directoryOf({ state }: KeysFlags, terminal: Terminal): SigningDirectory {
  return new SigningDirectory(resolve(join(state, "signing")), passphraseOf(terminal));
}

function addInit(keys: Command, terminal: Terminal): void {
  const count = wholeNumber({ least: 1, most: 16 });
  withState(keys.command("init").description("make the keys before the aggregator's first start"))
    .option(
      "--offline-root <directory>",
      "put the root's keys there, such as on a stick, and not beside the others",
    )
    .option("--root-keys <count>", "keys of the root", count, 1)
    .option("--root-threshold <count>", "how many of them have to sign a root", count, 1)
    .action(async (flags: KeysFlags & { offlineRoot?: string; rootKeys: number; rootThreshold: number }) => {
      const directory = directoryOf(flags, terminal);
      await initKeys(directory, {
        nowMs: createSystemClock().nowMs(),
        passphrase: passphraseOf(terminal),
        offlineRootDirectory: flags.offlineRoot === undefined ? null : resolve(flags.offlineRoot),
        numRootKeys: flags.rootKeys,
        rootThreshold: flags.rootThreshold,
      });
      await show(directory, terminal);
    });
}

function addShow(keys: Command, terminal: Terminal): void {
  withState(keys.command("show").description("which keys the newest root trusts")).action(
    (flags: KeysFlags) => show(directoryOf(flags, terminal), terminal),
  );
}

async function show(directory: SigningDirectory, terminal: Terminal): Promise<void> {
  const { root } = openRoot(await newestRoot(directory));
  const isWaiting = (await directory.readNextRoot()) !== undefined;
  const { version, expires: expiresAtMs, roles } = root;
  printResult(terminal, { version, expiresAtMs, roles, isWaiting }, () =>
    formatFields([
      ["root", `version ${version}, until ${timeText(expiresAtMs)}`],
      ...Object.entries(roles).map(
        ([role, { keyids, threshold }]) => [role, `${threshold} of ${keyids.join(" ")}`] as const,
      ),
      ["next root", isWaiting ? `${directory.nextRootFile} waits` : "none"],
    ]),
  );
}

function addStatus(keys: Command, terminal: Terminal): void {
  withState(
    keys.command("status").description("when the signed metadata expire, and what to do about it"),
  ).action(async (flags: KeysFlags) => {
    const nowMs = createSystemClock().nowMs();
    const expiries = await expiriesIn(directoryOf(flags, terminal), nowMs);
    printResult(terminal, expiries, () => formatFields(expiries.map((expiry) => expiryLine(expiry, nowMs))));
  });
}

/** Only of the root before the aggregator's first start. */
async function expiriesIn(directory: SigningDirectory, nowMs: number): Promise<readonly MetadataExpiry[]> {
  const { root } = openRoot(await newestRoot(directory));
  const published = await readChain(directory, root);
  return expiriesOf({ root, published }, DEFAULT_LIFETIMES, nowMs);
}

function expiryLine(expiry: MetadataExpiry, nowMs: number): readonly [string, string] {
  const { role, version, expiresAtMs, state } = expiry;
  const days = Math.floor(Math.abs(expiresAtMs - nowMs) / DAY_MS);
  const when = state === "expired" ? `expired ${days} days ago` : `${days} days left`;
  const advice = state === "fresh" ? "" : `; ${expiryRemedy(expiry)}`;
  return [role, `version ${version}, until ${timeText(expiresAtMs)} (${when})${advice}`];
}

function addRenewRoot(keys: Command, terminal: Terminal): void {
  withState(
    keys
      .command("renew-root")
      .description("make the next root, with the same keys and a year more, before the present one expires"),
  ).action(async (flags: KeysFlags) => {
    const next = await renewRoot(directoryOf(flags, terminal), createSystemClock().nowMs());
    printNextRoot(terminal, next);
  });
}

function printNextRoot(terminal: Terminal, next: NextRoot): void {
  printResult(terminal, next, () =>
    next.isSigned
      ? `root ${next.version} is signed; a running aggregator takes it up within a minute`
      : `root ${next.version} waits for signatures: carry ${next.path} to the root's keys, run \`fedge keys sign-root\` there, and put it back`,
  );
}

function addRotate(keys: Command, terminal: Terminal): void {
  withState(keys.command("rotate").description("replace a role's key, or the root's when they are here"))
    .addArgument(new Argument("<role>", "whose key").choices([...ONLINE_ROLES, "root"]))
    .action(async (role: OnlineRole | "root", flags: KeysFlags) => {
      const next = await rotateKey(directoryOf(flags, terminal), role, createSystemClock().nowMs());
      printNextRoot(terminal, next);
    });
}

function addSignRoot(keys: Command, terminal: Terminal): void {
  keys
    .command("sign-root")
    .description("sign the next root with the root's keys; needs no aggregator and no network")
    .argument("<file>", "next.root.json")
    .requiredOption("--keys <directory>", "where root-1.pem is")
    .option(
      "--replace-root-keys",
      "make new root keys there, and let the root trust them in place of the old ones",
    )
    .addOption(jsonFlag())
    .action(async (file: string, flags: { keys: string; replaceRootKeys?: true }) => {
      const sign = flags.replaceRootKeys === true ? replaceRootKeys : signRoot;
      const signed = await sign(resolve(file), resolve(flags.keys), passphraseOf(terminal));
      const { numSignatures, threshold } = signed;
      printResult(terminal, signed, () => `${numSignatures} signatures; the root needs ${threshold}`);
    });
}

function addExportRoot(keys: Command, terminal: Terminal): void {
  withState(
    keys.command("export-root").description("write the newest root, for apps to begin their trust with"),
  )
    .argument("<file>", "where to write it")
    .action(async (file: string, flags: KeysFlags) => {
      const bytes = await newestRoot(directoryOf(flags, terminal));
      const path = resolve(file);
      await writeFileAtomically(path, bytes);
      const { version } = openRoot(bytes).root;
      printResult(terminal, { path, version }, () => `root ${version} is in ${path}`);
    });
}
