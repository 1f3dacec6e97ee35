import { beforeEach, describe, expect, test } from "vitest";
import { ROLE_PERMISSIONS } from "../people/roles.js";
import { PASSWORD } from "../people/testing/people-double.js";
import { errorBody } from "./schema/basic-schema.js";
import { auditList } from "./schema/audit-schema.js";
import { callerBody, invitationBody, newTokenBody, passwordResetBody } from "./schema/people-schema.js";
import { ADMIN_TOKEN, createAppDouble, type AppDouble } from "./testing/app-double.js";
import { OWN_ORIGIN, jsonPost, signIn } from "./testing/callers.js";
import { SAMPLE_TASK, sampleTask } from "./testing/sample-data.js";

const asMachine = { Authorization: `Bearer ${ADMIN_TOKEN}` };
let app: AppDouble;
beforeEach(() => {
  app = createAppDouble({ allowOpenReads: false });
});

async function codeOf(response: Response): Promise<string> {
  return response.ok ? "ok" : errorBody.parse(await response.json()).error.code;
}

const stop = (headers: Record<string, string>): Promise<Response> =>
  app.ask(`/v1/tasks/${SAMPLE_TASK}/stop`, { method: "POST", headers });

describe("signing in", () => {
  beforeEach(() => app.people.join("ana", "data-scientist"));

  test("says who one is and what one may do", async () => {
    const response = await app.ask("/v1/session", jsonPost({ name: "ana", password: PASSWORD }));

    expect([response.status, callerBody.parse(await response.json())]).toEqual([
      200,
      { kind: "person", name: "ana", role: "data-scientist", permissions: ["tasks", "models", "propose"] },
    ]);
  });

  test("sets a cookie that no script reads and no other site sends", async () => {
    const response = await app.ask("/v1/session", jsonPost({ name: "ana", password: PASSWORD }));

    expect(response.headers.get("Set-Cookie")).toMatch(
      /^fedge_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );
  });

  test.each([
    ["over TLS", "https://127.0.0.1:8787", {}],
    ["behind a proxy that ends TLS", "http://127.0.0.1:8787", { Origin: "https://127.0.0.1:8787" }],
  ])("%s sets a cookie that goes over TLS only", async (_name, origin, headers) => {
    const request = new Request(
      `${origin}/v1/session`,
      jsonPost({ name: "ana", password: PASSWORD }, headers),
    );

    const response = await app.http.fetch(request);

    expect(response.headers.get("Set-Cookie")).toMatch(/; Secure/);
  });

  test("does not take over a session that somebody else chose", async () => {
    const chosen = `fedge_session=${"A".repeat(43)}`;
    const request = jsonPost({ name: "ana", password: PASSWORD }, { Cookie: chosen });

    const given = (await app.ask("/v1/session", request)).headers.get("Set-Cookie") ?? "";

    expect(given.startsWith(chosen)).toBe(false);
    expect(await codeOf(await app.ask("/v1/session", { headers: { Cookie: chosen } }))).toBe(
      "SESSION_EXPIRED",
    );
  });

  test("with a wrong password is 401", async () => {
    const response = await app.ask("/v1/session", jsonPost({ name: "ana", password: "wrong" }));

    expect([response.status, await codeOf(response)]).toEqual([401, "CREDENTIALS_INVALID"]);
  });

  test("too often is 429 and says when to try again", async () => {
    for (let index = 0; index < 10; index += 1) {
      await app.ask("/v1/session", jsonPost({ name: "ana", password: "wrong" }));
    }
    const response = await app.ask("/v1/session", jsonPost({ name: "ana", password: PASSWORD }));

    expect([response.status, response.headers.get("Retry-After")]).toEqual([429, "30"]);
  });

  test("ends by signing out, which also takes the cookie away", async () => {
    const Cookie = await signIn(app, "ana");

    const out = await app.ask("/v1/session", { method: "DELETE", headers: { Cookie, Origin: OWN_ORIGIN } });

    expect([out.status, out.headers.get("Set-Cookie")]).toEqual([
      200,
      expect.stringMatching(/^fedge_session=; Max-Age=0/),
    ]);
    expect(await codeOf(await app.ask("/v1/session", { headers: { Cookie } }))).toBe("SESSION_EXPIRED");
  });
});

describe("who one is", () => {
  test("is nobody where anybody may read", async () => {
    const response = await createAppDouble({ allowOpenReads: true }).ask("/v1/session");

    expect(callerBody.parse(await response.json())).toEqual({
      kind: "anonymous",
      name: null,
      role: null,
      permissions: [],
    });
  });

  test("is asked for elsewhere", async () => {
    expect(await codeOf(await app.ask("/v1/session"))).toBe("TOKEN_INVALID");
  });

  test("is the machine with the token of the state directory", async () => {
    const response = await app.ask("/v1/session", { headers: asMachine });

    expect(callerBody.parse(await response.json())).toMatchObject({ name: "admin-token", role: "admin" });
  });

  test("an old cookie does not keep anybody from reading where anybody may", async () => {
    const open = createAppDouble({ allowOpenReads: true });
    const headers = { Cookie: `fedge_session=${"A".repeat(43)}` };

    expect((await open.ask("/v1/overview", { headers })).status).toBe(200);
  });
});

describe("a request in a person's session", () => {
  beforeEach(async () => {
    await app.people.join("ana", "admin");
    await app.service.createTask(sampleTask());
  });

  test("changes things when it comes from the server's own page", async () => {
    const response = await stop({ Cookie: await signIn(app, "ana"), Origin: OWN_ORIGIN });

    expect([response.status, app.service.tasks[0]?.status]).toEqual([200, "stopped"]);
  });

  test.each([
    ["another site", { Origin: "https://evil.example" }],
    // To a browser every port of a host is the same site, so SameSite does not keep its cookie away.
    ["another port of this host", { Origin: "http://127.0.0.1:3000" }],
    ["another name of this machine", { Origin: "http://localhost:8787" }],
    ["a sandboxed frame", { Origin: "null" }],
    ["no page that says where it is from", {}],
  ])("changes nothing when it comes from %s", async (_name, headers) => {
    const response = await stop({ Cookie: await signIn(app, "ana"), ...headers });

    expect([response.status, app.service.tasks[0]?.status]).toEqual([403, "running"]);
  });

  test("changes nothing when it comes from an origin that only devices call from", async () => {
    app = createAppDouble({ allowedOrigins: ["https://app.example"] });
    await app.people.join("ana", "admin");
    await app.service.createTask(sampleTask());

    const response = await stop({ Cookie: await signIn(app, "ana"), Origin: "https://app.example" });

    expect([response.status, app.service.tasks[0]?.status]).toEqual([403, "running"]);
  });

  test("reads without an origin, as a link does", async () => {
    expect((await app.ask("/v1/overview", { headers: { Cookie: await signIn(app, "ana") } })).status).toBe(
      200,
    );
  });
});

describe("a role that is not enough", () => {
  test("is told which role is", async () => {
    await app.people.join("vic", "viewer");
    await app.service.createTask(sampleTask());

    const response = await stop({ Cookie: await signIn(app, "vic"), Origin: OWN_ORIGIN });

    const { code, message, details } = errorBody.parse(await response.json()).error;
    expect([response.status, code]).toEqual([403, "ROLE_INSUFFICIENT"]);
    expect(message).toMatch(/role viewer may not.*data-scientist or admin/);
    expect(details).toEqual({ permission: "tasks", roles: ["data-scientist", "admin"] });
  });
});

describe("coming in by invitation", () => {
  test("goes from an administrator's link to a session", async () => {
    const asked = await app.ask("/v1/invitations", jsonPost({ role: "operator" }, asMachine));
    const { code, url } = invitationBody.parse(await asked.json());

    const accepted = await app.ask(
      "/v1/invitations/accept",
      jsonPost({ code, name: "olga", password: PASSWORD }),
    );

    expect([asked.status, url]).toEqual([201, `${OWN_ORIGIN}/#/invitation=${code}`]);
    expect(callerBody.parse(await accepted.json())).toMatchObject({ name: "olga", role: "operator" });
    const Cookie = accepted.headers.get("Set-Cookie")?.split(";")[0] ?? "";
    expect((await app.ask("/v1/session", { headers: { Cookie } })).status).toBe(200);
  });

  test.each(["Ana", "admin-token", "system", "a b", "", "-ana", "a".repeat(65)])(
    "does not take the name %j",
    async (name) => {
      const body = { code: "A".repeat(43), name, password: PASSWORD };

      expect(await codeOf(await app.ask("/v1/invitations/accept", jsonPost(body)))).toBe("OPTION_INVALID");
    },
  );

  test("names the field when the password is too short", async () => {
    const body = { code: "A".repeat(43), name: "ana", password: "short" };

    const response = await app.ask("/v1/invitations/accept", jsonPost(body));

    const { details } = errorBody.parse(await response.json()).error;
    expect(details["fields"]).toMatchObject([{ path: "password" }]);
  });
});

describe("a forgotten password", () => {
  const reset = (name: string): Promise<Response> =>
    app.ask(`/v1/accounts/${name}/password-reset`, { method: "POST", headers: asMachine });
  const NEW = "another battery horse staple";

  test("becomes a new one by an administrator's link, and every earlier session ends", async () => {
    await app.people.join("olga", "operator");
    const earlier = await signIn(app, "olga");

    const asked = await reset("olga");
    const { code, url } = passwordResetBody.parse(await asked.json());
    const used = await app.ask("/v1/password-resets/accept", jsonPost({ code, password: NEW }));

    expect([asked.status, url]).toEqual([201, `${OWN_ORIGIN}/#/new-password=${code}`]);
    expect(callerBody.parse(await used.json())).toMatchObject({ name: "olga", role: "operator" });
    expect(await codeOf(await app.ask("/v1/session", { headers: { Cookie: earlier } }))).toBe(
      "SESSION_EXPIRED",
    );
    const Cookie = used.headers.get("Set-Cookie")?.split(";")[0] ?? "";
    expect((await app.ask("/v1/session", { headers: { Cookie } })).status).toBe(200);
    expect((await app.ask("/v1/session", jsonPost({ name: "olga", password: NEW }))).status).toBe(200);
  });

  test("makes no link for nobody, and no password by a code that is none", async () => {
    const used = await app.ask(
      "/v1/password-resets/accept",
      jsonPost({ code: "A".repeat(43), password: NEW }),
    );

    expect([(await reset("nobody")).status, used.status, await codeOf(used)]).toEqual([
      404,
      403,
      "PASSWORD_LINK_INVALID",
    ]);
  });
});

describe("API tokens", () => {
  test("open what their role opens", async () => {
    const made = await app.ask("/v1/tokens", jsonPost({ name: "ci", role: "data-scientist" }, asMachine));
    const { secret } = newTokenBody.parse(await made.json());
    const bearer = { Authorization: `Bearer ${secret}` };

    const task = await app.ask("/v1/tasks", jsonPost(sampleTask(), bearer));
    const accounts = await app.ask("/v1/accounts", { headers: bearer });

    expect([task.status, await codeOf(accounts)]).toEqual([201, "ROLE_INSUFFICIENT"]);
  });

  test("of an administrator invite nobody", async () => {
    const made = await app.ask("/v1/tokens", jsonPost({ name: "ci", role: "admin" }, asMachine));
    const { secret } = newTokenBody.parse(await made.json());

    const bearer = { Authorization: `Bearer ${secret}` };
    const invited = await app.ask("/v1/invitations", jsonPost({ role: "admin" }, bearer));

    expect([invited.status, await codeOf(invited)]).toEqual([403, "ROLE_INSUFFICIENT"]);
  });

  test("expire after 90 days unless told otherwise", async () => {
    const made = await app.ask("/v1/tokens", jsonPost({ name: "ci", role: "viewer" }, asMachine));

    const { token } = newTokenBody.parse(await made.json());
    expect(token.expiresAtMs).toBe(token.createdAtMs + 365 * 6 * 3_600_000);
  });
});

describe("what is written down", () => {
  const entries = async () => {
    const response = await app.ask("/v1/audit", { headers: asMachine });
    return auditList.parse(await response.json()).entries.map(({ seq: _seq, ...entry }) => entry);
  };

  test("a task's creation and every command to it, with who gave it", async () => {
    await app.people.join("ana", "data-scientist");
    const own = { Cookie: await signIn(app, "ana"), Origin: OWN_ORIGIN };
    await app.ask("/v1/tasks", jsonPost(sampleTask(), own));
    for (const action of ["pause", "resume", "stop"]) {
      await app.ask(`/v1/tasks/${SAMPLE_TASK}/${action}`, { method: "POST", headers: own });
    }

    expect(
      (await entries()).slice(0, 8).map(({ actor, action, subject }) => [actor, action, subject]),
    ).toEqual([
      ["ana", "task.stop", SAMPLE_TASK],
      ["ana", "task.stop-asked", SAMPLE_TASK],
      ["ana", "task.resume", SAMPLE_TASK],
      ["ana", "task.resume-asked", SAMPLE_TASK],
      ["ana", "task.pause", SAMPLE_TASK],
      ["ana", "task.pause-asked", SAMPLE_TASK],
      ["ana", "task.create", SAMPLE_TASK],
      ["ana", "task.create-asked", SAMPLE_TASK],
    ]);
  });

  test("what was asked and could not be done, with why", async () => {
    await app.people.join("ana", "data-scientist");
    const own = { Cookie: await signIn(app, "ana"), Origin: OWN_ORIGIN };
    await app.ask("/v1/tasks/nowhere/pause", { method: "POST", headers: own });

    expect((await entries()).slice(0, 2)).toMatchObject([
      { action: "task.pause-refused", subject: "nowhere", details: { code: "TASK_UNKNOWN" } },
      { action: "task.pause-asked", subject: "nowhere" },
    ]);
  });

  test("names the token with which it was done", async () => {
    const made = await app.ask("/v1/tokens", jsonPost({ name: "ci", role: "admin" }, asMachine));
    const { secret } = newTokenBody.parse(await made.json());
    await app.ask("/v1/tasks", jsonPost(sampleTask(), { Authorization: `Bearer ${secret}` }));

    expect((await entries())[0]).toMatchObject({ actor: "admin-token", details: { token: "ci" } });
  });

  test("nothing of what was refused but attempts to sign in", async () => {
    await app.people.join("vic", "viewer");
    const before = (await entries()).length;
    await stop({ Cookie: await signIn(app, "vic"), Origin: OWN_ORIGIN });
    await app.ask("/v1/session", jsonPost({ name: "vic", password: "wrong" }));

    const fresh = (await entries()).slice(0, -before);
    expect(fresh.map(({ action }) => action)).toEqual(["session.refuse", "session.begin"]);
  });

  test("is verified, and the first wrong entry is named", async () => {
    await app.people.join("ana", "admin");
    app.people.auditStore.rows = app.people.auditStore.rows.map((row) => ({ ...row, actor: "mallory" }));

    const response = await app.ask("/v1/audit/verify", { headers: asMachine });

    expect(await response.json()).toMatchObject({ ok: false, brokenSeq: 1 });
  });

  test.each(["post", "put", "patch", "delete"])("cannot be changed: there is no %s", async (method) => {
    const ask = (path: string) => app.ask(path, { method: method.toUpperCase(), headers: asMachine });

    expect([(await ask("/v1/audit")).status, (await ask("/v1/audit/1")).status]).toEqual([404, 404]);
  });
});

describe("the roles", () => {
  test("are what the handbook publishes", async () => {
    const { readFile } = await import("node:fs/promises");
    const handbook = await readFile(new URL("../../../docs/operate.md", import.meta.url), "utf8");
    const rows = [...handbook.matchAll(/^\| `([a-z-]+)` +\|(.*)\|$/gm)].flatMap(
      ([, role = "", cells = ""]) =>
        role in ROLE_PERMISSIONS ? [[role, [...cells.matchAll(/`([a-z]+)`/g)].map(([, name]) => name)]] : [],
    );

    expect(Object.fromEntries(rows)).toEqual(ROLE_PERMISSIONS);
  });
});
