import { ROLES, type Role } from "../../people/roles.js";
import { PASSWORD } from "../../people/testing/people-double.js";
import { ADMIN_TOKEN, DEVICE_TOKEN, type AppDouble } from "./app-double.js";

/** Everybody who may come, from least to most. */
export const CALLERS = ["anonymous", "device", ...ROLES, "machine"] as const;
export type CallerName = (typeof CALLERS)[number];

/** The page that the app's double serves. */
export const OWN_ORIGIN = "http://127.0.0.1:8787";

/** What this caller's requests carry: a person's browser sends its session's cookie and the page's origin. */
export async function headersOf(app: AppDouble, caller: CallerName): Promise<Record<string, string>> {
  switch (caller) {
    case "anonymous":
      return {};
    case "device":
      return { Authorization: `Bearer ${DEVICE_TOKEN}` };
    case "machine":
      return { Authorization: `Bearer ${ADMIN_TOKEN}` };
    default:
      return { Cookie: await cookieOf(app, caller), Origin: OWN_ORIGIN };
  }
}

/** Cookie of a new session of a new account whose name is its role. */
async function cookieOf(app: AppDouble, role: Role): Promise<string> {
  await app.people.join(role, role);
  return signIn(app, role);
}

/** The cookie that signing in sets, as the browser sends it back. */
export async function signIn(app: AppDouble, name: string, password = PASSWORD): Promise<string> {
  const response = await app.ask("/v1/session", jsonPost({ name, password }));
  const cookie = response.headers.get("Set-Cookie")?.split(";")[0];
  if (cookie === undefined) throw new Error(`signing in gave ${response.status}: ${await response.text()}`);
  return cookie;
}

export function jsonPost(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  };
}
