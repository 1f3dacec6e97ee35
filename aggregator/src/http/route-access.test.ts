import { describe, expect, test } from "vitest";
import { openApiDocument } from "./openapi.js";
import { errorBody } from "./schema/basic-schema.js";
import { createAppDouble } from "./testing/app-double.js";
import { CALLERS, headersOf, type CallerName } from "./testing/callers.js";

/*
 * Who may call what, on a server whose reads are not open. Columns: a person nobody knows, a device, the roles viewer,
 * data scientist, operator and admin, and the machine's own token. `-` is refused. A new route needs a row here.
 */
const HEADER = "anon device viewer data-sci operator admin machine";
const EVERYBODY = "A    D      V      S        O        A     M";
const SIGNED_IN = "-    -      V      S        O        A     M";
const AND_DEVICES = "-    D      V      S        O        A     M";
const SCIENTISTS = "-    -      -      S        -        A     M";
const OPERATORS = "-    -      -      -        O        A     M";
const PLANNERS = "-    -      -      S        O        A     M";
const ADMINS = "-    -      -      -        -        A     M";

const TABLE: Readonly<Record<string, string>> = {
  "get /healthz": EVERYBODY,
  "get /metrics": SIGNED_IN,
  "get /v1/overview": SIGNED_IN,
  "get /v1/events": SIGNED_IN,
  "get /v1/blobs/{sha256}": AND_DEVICES,

  "get /v1/tasks": SIGNED_IN,
  "get /v1/tasks/{taskId}": SIGNED_IN,
  "get /v1/tasks/{taskId}/rounds": SIGNED_IN,
  "get /v1/rounds/{roundId}": SIGNED_IN,
  "post /v1/tasks": SCIENTISTS,
  "post /v1/tasks/{taskId}/pause": SCIENTISTS,
  "post /v1/tasks/{taskId}/resume": SCIENTISTS,
  "post /v1/tasks/{taskId}/stop": SCIENTISTS,

  "get /v1/models": SIGNED_IN,
  "get /v1/models/{model}/versions": SIGNED_IN,
  "get /v1/models/{model}/versions/{version}": SIGNED_IN,
  "get /v1/models/{model}/versions/{version}/export": SIGNED_IN,
  "get /v1/models/{model}/versions/{version}/tfjs/{file}": SIGNED_IN,
  "post /v1/models": SCIENTISTS,
  "get /v1/models/{model}/aliases": SIGNED_IN,
  "post /v1/models/{model}/aliases/{alias}": SCIENTISTS,
  "get /v1/models/{model}/versions/{version}/facts": SIGNED_IN,
  "post /v1/models/{model}/versions/{version}/tags": SCIENTISTS,
  "post /v1/models/{model}/versions/{version}/notes": SCIENTISTS,
  "post /v1/models/{model}/versions/{version}/purpose": SCIENTISTS,
  "post /v1/models/{model}/versions/{version}/risk": SCIENTISTS,
  "get /v1/models/{model}/versions/{version}/card": SIGNED_IN,
  "get /v1/models/{model}/compare": SIGNED_IN,
  "post /v1/models/{model}/versions/{version}/measure": SCIENTISTS,
  "post /v1/models/{model}/versions/{version}/verify": SCIENTISTS,
  "get /v1/models/{model}/versions/{version}/bundle": SIGNED_IN,
  "post /v1/models/{model}/versions/{version}/profile": SCIENTISTS,
  "post /v1/bundles": SCIENTISTS,
  "get /v1/retention": SIGNED_IN,
  "post /v1/retention": SCIENTISTS,

  "get /v1/models/{model}/evaluations": SIGNED_IN,
  "post /v1/models/{model}/evaluations": SCIENTISTS,
  "get /v1/evaluations/{runId}": SIGNED_IN,

  "get /v1/devices": SIGNED_IN,
  "get /v1/devices/{deviceId}": SIGNED_IN,
  // A device shows its key, not a token.
  "post /v1/devices": EVERYBODY,
  "post /v1/devices/{deviceId}/token": EVERYBODY,
  "post /v1/devices/{deviceId}/forget": EVERYBODY,

  "get /v1/devices/{deviceId}/timeline": SIGNED_IN,
  "post /v1/devices/{deviceId}/tags": OPERATORS,
  "post /v1/devices/{deviceId}/decommission": OPERATORS,
  "get /v1/groups": SIGNED_IN,
  "post /v1/groups": OPERATORS,
  "delete /v1/groups/{name}": OPERATORS,

  "get /v1/rollouts": SIGNED_IN,
  "get /v1/rollouts/templates": SIGNED_IN,
  "post /v1/rollouts": PLANNERS,
  "post /v1/rollouts/preview": SIGNED_IN,
  "get /v1/rollouts/{rolloutId}": SIGNED_IN,
  "put /v1/rollouts/{rolloutId}": PLANNERS,
  "delete /v1/rollouts/{rolloutId}": PLANNERS,
  "get /v1/rollouts/{rolloutId}/targets": SIGNED_IN,
  "get /v1/rollouts/{rolloutId}/history": SIGNED_IN,
  "post /v1/rollouts/{rolloutId}/approve": OPERATORS,
  "post /v1/rollouts/{rolloutId}/deny": OPERATORS,
  "post /v1/rollouts/{rolloutId}/start": OPERATORS,
  "post /v1/rollouts/{rolloutId}/pause": OPERATORS,
  "post /v1/rollouts/{rolloutId}/resume": OPERATORS,
  "post /v1/rollouts/{rolloutId}/promote": OPERATORS,
  "post /v1/rollouts/{rolloutId}/retry-failed": OPERATORS,
  "post /v1/rollouts/{rolloutId}/abort": OPERATORS,
  "post /v1/rollouts/{rolloutId}/rollback": OPERATORS,

  "get /v1/drift/models": SIGNED_IN,
  "get /v1/drift/models/{model}": SIGNED_IN,
  "get /v1/drift/models/{model}/features": SIGNED_IN,
  "get /v1/drift/models/{model}/features/{name}": SIGNED_IN,
  "get /v1/drift/models/{model}/windows": SIGNED_IN,
  "get /v1/drift/models/{model}/reference": SIGNED_IN,
  "get /v1/drift/alerts": SIGNED_IN,
  "post /v1/drift/alerts/{alertId}/ack": PLANNERS,
  "post /v1/drift/alerts/{alertId}/silence": PLANNERS,
  "post /v1/drift/alerts/{alertId}/false-alarm": PLANNERS,
  "post /v1/drift/alerts/{alertId}/resolve": PLANNERS,
  "post /v1/drift/alerts/{alertId}/proposal": SCIENTISTS,

  "post /v1/session": EVERYBODY,
  "get /v1/session": SIGNED_IN,
  "delete /v1/session": EVERYBODY,
  "post /v1/session/password": SIGNED_IN,
  "post /v1/invitations": ADMINS,
  "post /v1/invitations/accept": EVERYBODY,
  "get /v1/accounts": ADMINS,
  "post /v1/accounts/{name}": ADMINS,
  "post /v1/accounts/{name}/password-reset": ADMINS,
  "post /v1/password-resets/accept": EVERYBODY,
  "get /v1/tokens": SIGNED_IN,
  "post /v1/tokens": SIGNED_IN,
  "delete /v1/tokens/{tokenId}": SIGNED_IN,

  // Any TUF client may verify; weights stay behind blobs.
  "get /v1/metadata/{file}": EVERYBODY,
  "get /v1/metadata/targets/models/{model}/{version}/{file}": EVERYBODY,

  "get /v1/audit": ADMINS,
  "get /v1/audit/verify": ADMINS,
};

const MARKS = new Map(HEADER.split(/ +/).map((_column, index) => [CALLERS[index], index]));

function isAllowed(marks: string, caller: CallerName): boolean {
  return marks.split(/ +/)[MARKS.get(caller) ?? -1] !== "-";
}

/** Every route that the app documents; a route cannot be added without being documented. */
function routes(): string[] {
  const { paths = {} } = openApiDocument(createAppDouble().http.app);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods ?? {}).map((method) => `${method} ${path}`),
  );
}

/** The code with which a call was refused before anybody looked at what it wants; null when it was not. */
async function refusalOf(route: string, caller: CallerName): Promise<string | null> {
  const app = createAppDouble({ allowOpenReads: false });
  const [method = "", path = ""] = route.split(" ");
  const headers = { "Content-Type": "application/json", ...(await headersOf(app, caller)) };
  const body = method === "post" || method === "put" ? { body: "{}" } : {};
  const place = path.replaceAll("{sha256}", "a".repeat(64)).replaceAll(/\{\w+\}/g, "1");
  const response = await app.ask(place, { method: method.toUpperCase(), headers, ...body });
  const isRefused = response.status === 401 || response.status === 403;
  const code = isRefused ? errorBody.parse(await response.json()).error.code : null;
  if (!isRefused) await response.body?.cancel();
  app.http.close();
  return code;
}

test("every route has a row in the table, and every row a route", () => {
  expect(routes().sort()).toEqual(Object.keys(TABLE).sort());
});

describe.each(Object.entries(TABLE))("%s", (route, marks) => {
  test.each(CALLERS.filter((caller) => isAllowed(marks, caller)))("is open to %s", async (caller) => {
    expect(await refusalOf(route, caller)).toBeNull();
  });

  test.each(CALLERS.filter((caller) => !isAllowed(marks, caller)))("is refused to %s", async (caller) => {
    const isStranger = caller === "anonymous" || caller === "device";

    expect(await refusalOf(route, caller)).toBe(isStranger ? "TOKEN_INVALID" : "ROLE_INSUFFICIENT");
  });
});

describe("where reads are open", () => {
  test("anybody reads what every role reads, and nothing else", async () => {
    const open: string[] = [];
    for (const route of Object.keys(TABLE).filter((name) => name.startsWith("get "))) {
      const app = createAppDouble({ allowOpenReads: true });
      const path = route
        .slice(4)
        .replaceAll("{sha256}", "a".repeat(64))
        .replaceAll(/\{\w+\}/g, "1");
      const response = await app.ask(path);
      await response.body?.cancel();
      app.http.close();
      if (response.status !== 401) open.push(route);
    }

    const closed = ["get /v1/blobs/{sha256}", "get /v1/tokens"];
    const readable = Object.entries(TABLE).filter(
      ([route, marks]) => route.startsWith("get ") && marks !== ADMINS,
    );
    expect(open.sort()).toEqual(
      readable
        .map(([route]) => route)
        .filter((route) => !closed.includes(route))
        .sort(),
    );
  });
});
