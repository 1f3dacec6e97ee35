import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { listen, type HttpListener } from "../http/listen.js";
import { ADMIN_TOKEN, createAppDouble, type AppDouble } from "../http/testing/app-double.js";
import { sampleTask } from "../http/testing/sample-data.js";
import { PASSWORD } from "../people/testing/people-double.js";
import { runHere } from "./testing/fake-terminal.js";
import { runHereIn } from "./testing/fake-terminal.js";
import { lastJson, runFedge, type FedgeRun } from "./testing/run-fedge.js";

const cwd = mkdtempSync(join(tmpdir(), "fedge-people-"));
let app: AppDouble;
let listener: HttpListener;
let server: string;

beforeEach(async () => {
  app = createAppDouble();
  listener = await listen(app.http, { host: "127.0.0.1", port: 0 });
  server = `http://127.0.0.1:${listener.port}`;
});
afterEach(() => listener.close());
afterAll(() => rmSync(cwd, { recursive: true }));

const fedgeAs = (token: string, ...args: string[]): Promise<FedgeRun> =>
  runHereIn(args, { cwd, env: { FEDGE_SERVER: server, FEDGE_TOKEN: token } });
const fedge = (...args: string[]): Promise<FedgeRun> => fedgeAs(ADMIN_TOKEN, ...args);

describe("fedge account", () => {
  test("invites by a link to this server's page", async () => {
    const run = await fedge("account", "invite", "olga", "--role", "operator");

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toMatch(/^link {3}http:\/\/127\.0\.0\.1:\d+\/#\/invitation=[\w-]{43}$/m);
    expect(run.stdout).toMatch(/^role {3}operator$/m);
  });

  test("lists, gives a role, disables and enables", async () => {
    await app.people.join("olga", "operator");

    const list = await fedge("account", "list");
    const role = await fedge("account", "set-role", "olga", "viewer", "--json");
    const disabled = await fedge("account", "disable", "olga", "--json");
    const enabled = await fedge("account", "enable", "olga", "--json");

    expect(list.stdout).toMatch(/^olga +operator +2023-11-14T22:13:20Z +-$/m);
    expect([lastJson(role), lastJson(disabled), lastJson(enabled)]).toMatchObject([
      { role: "viewer" },
      { disabledAtMs: 1_700_000_000_000 },
      { disabledAtMs: null },
    ]);
  });

  test("knows the roles", async () => {
    const run = await fedge("account", "set-role", "olga", "root");

    expect([run.exitCode, run.stderr]).toEqual([
      1,
      expect.stringMatching(/viewer, data-scientist, operator, admin/),
    ]);
  });

  test("that is not there fails by name", async () => {
    const run = await fedge("account", "disable", "nobody", "--json");

    expect([run.exitCode, lastJson(run)]).toMatchObject([1, { error: { code: "ACCOUNT_UNKNOWN" } }]);
  });
});

describe("fedge account reset and password", () => {
  const NEW = "another battery horse staple";
  const NAMED = ["account", "password", "olga"];
  const here = (secrets: readonly string[]) => runHere([...NAMED, "--server", server, "--json"], secrets);
  beforeEach(() => app.people.join("olga", "operator"));

  test("prints a link to this server's page", async () => {
    const run = await fedge("account", "reset", "olga");

    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toMatch(/^link +http:\/\/127\.0\.0\.1:\d+\/#\/new-password=[\w-]{43}$/m);
    expect(run.stdout).toMatch(/^account +olga$/m);
  });

  test("changes one's own password, and leaves no session behind", async () => {
    const { secret } = await app.people.people.sessions.signIn({
      name: "olga",
      password: PASSWORD,
      address: "a",
    });

    const run = await here([PASSWORD, NEW, NEW]);

    expect([run.stderr, lastJson(run)]).toEqual(["", { account: "olga", role: "operator" }]);
    await expect(app.people.people.sessions.callerOf(secret)).rejects.toMatchObject({
      code: "SESSION_EXPIRED",
    });
    const again = app.people.people.sessions.signIn({ name: "olga", password: NEW, address: "a" });
    expect((await again).account.name).toBe("olga");
    const actions = app.people.auditStore.rows.map(({ action }) => action);
    expect(actions).toContain("account.password");
  });

  test("does nothing with a wrong present password, or two new ones that differ", async () => {
    const wrong = await here(["no such password", NEW, NEW]);
    const differing = await here([PASSWORD, NEW, `${NEW}s`]);

    expect([wrong.exitCode, lastJson(wrong)]).toMatchObject([1, { error: { code: "CREDENTIALS_INVALID" } }]);
    expect([differing.exitCode, lastJson(differing)]).toMatchObject([
      1,
      { error: { code: "OPTION_INVALID" } },
    ]);
  });

  test("says what it wants of a program that writes nothing", async () => {
    const env = { FEDGE_SERVER: server, FEDGE_TOKEN: ADMIN_TOKEN };
    const run = await runFedge(NAMED, { cwd, env });

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining("no present password was given")]);
  });
});

describe("fedge token", () => {
  test("prints a token that works until it is revoked", async () => {
    const made = lastJson(await fedge("token", "create", "ci", "--role", "viewer", "--json")) as {
      readonly secret: string;
      readonly token: { readonly tokenId: string };
    };

    const read = await fedgeAs(made.secret, "task", "list");
    const change = await fedgeAs(made.secret, "account", "list", "--json");
    await fedge("token", "revoke", made.token.tokenId);
    const after = await fedgeAs(made.secret, "account", "list", "--json");

    expect([read.exitCode, change.exitCode, after.exitCode]).toEqual([0, 1, 1]);
    expect([lastJson(change), lastJson(after)]).toMatchObject([
      { error: { code: "ROLE_INSUFFICIENT" } },
      { error: { code: "TOKEN_INVALID" } },
    ]);
  });

  test("lists what there is without the secrets", async () => {
    await fedge("token", "create", "nightly", "--expires", "never");

    const run = await fedge("token", "list");

    expect(run.stdout).toMatch(/nightly +viewer +- +never +- +-$/m);
    expect(run.stdout).not.toContain("fedge_");
  });

  test.each(["0d", "366d", "soon"])("does not take %s as an expiry", async (expires) => {
    const run = await fedge("token", "create", "ci", "--expires", expires);

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining("1d to 365d")]);
  });
});

describe("fedge audit", () => {
  const act = (subject: string) =>
    app.people.audit.append({ actor: "ana", action: "task.stop", subject, details: { reason: "slow" } });

  test("lists who did what, newest first", async () => {
    await act("t1");
    await act("t2");

    const run = await fedge("audit", "list", "--limit", "2");

    expect(run.stdout.split("\n").slice(1, 3)).toEqual([
      expect.stringMatching(/^ +2 +2023-11-14T22:13:20Z +ana +task\.stop +t2 +\{"reason":"slow"\}$/),
      expect.stringMatching(/^ +1 +2023-11-14T22:13:20Z +ana +task\.stop +t1 /),
    ]);
  });

  test("lists from a time on", async () => {
    await act("t1");

    const run = await fedge("audit", "list", "--since", "2023-11-14T22:13:21Z", "--json");

    expect(lastJson(run)).toEqual([]);
  });

  test("verifies a whole log and says what to note", async () => {
    await act("t1");

    const run = await fedge("audit", "verify");

    const noted = /--head (1:[0-9a-f]{64})$/m.exec(run.stdout)?.[1] ?? "";
    expect([run.exitCode, run.stdout]).toEqual([0, expect.stringMatching(/^1 entries, whole/)]);
    expect((await fedge("audit", "verify", "--head", noted)).exitCode).toBe(0);
  });

  test("fails with the entry that somebody changed", async () => {
    await act("t1");
    await act("t2");
    const [first, ...rest] = app.people.auditStore.rows;
    app.people.auditStore.rows = [...(first === undefined ? [] : [{ ...first, actor: "eve" }]), ...rest];

    const run = await fedge("audit", "verify", "--json");

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(/entry 1 was changed/)]);
    expect(lastJson(run)).toMatchObject({ error: { code: "AUDIT_BROKEN", details: { brokenSeq: 1 } } });
  });

  test("fails when the log does not hold what was noted before", async () => {
    await act("t1");

    const run = await fedge("audit", "verify", "--head", `1:${"ab".repeat(32)}`);

    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(/entry 1 .*noted before/)]);
  });

  test("names the token by which a program did something", async () => {
    const made = lastJson(await fedge("token", "create", "ci", "--role", "admin", "--json")) as {
      readonly secret: string;
    };
    await app.service.createTask(sampleTask());
    await fedgeAs(made.secret, "task", "stop", sampleTask().taskId);

    const [entry] = lastJson(await fedge("audit", "list", "--limit", "1", "--json")) as { details: object }[];

    expect(entry).toMatchObject({ actor: "admin-token", action: "task.stop", details: { token: "ci" } });
  });
});
