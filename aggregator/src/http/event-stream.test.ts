import { expect, test } from "vitest";
import { MACHINE } from "../people/caller.js";
import { HEARTBEAT_MS } from "./live-feed.js";
import { createAppDouble } from "./testing/app-double.js";
import { signIn } from "./testing/callers.js";
import { sampleTask } from "./testing/sample-data.js";

test("the stream is server-sent events that begin with the overview", async () => {
  const { ask, service } = createAppDouble();
  await service.createTask(sampleTask());

  const response = await ask("/v1/events");
  const reader = response.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();

  expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
  expect(first).toMatch(/^event: overview\ndata: \{"startedAtMs":\d+.*\}\n\n$/);
});

/** The stream of who sends these headers, after its first message. */
async function openStream(app: ReturnType<typeof createAppDouble>, headers: Record<string, string>) {
  const response = await app.ask("/v1/events", { headers });
  const reader = response.body?.getReader();
  await reader?.read();
  return async (): Promise<void> => {
    while ((await reader?.read())?.done === false);
  };
}

test("S14: the stream of somebody whose account is disabled ends with the next heartbeat", async () => {
  const app = createAppDouble({ allowOpenReads: false });
  await app.people.join("vic", "viewer");
  const readToEnd = await openStream(app, { Cookie: await signIn(app, "vic") });

  await app.people.people.accounts.change(MACHINE, "vic", { disabled: true });
  app.clock.advance(HEARTBEAT_MS);

  await expect(readToEnd()).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
});

test("S14: the stream of a program whose token is revoked ends with the next heartbeat", async () => {
  const app = createAppDouble({ allowOpenReads: false });
  const { tokens } = app.people.people;
  const { secret, token } = await tokens.create(MACHINE, { name: "ci", role: "viewer", expiresInMs: null });
  const readToEnd = await openStream(app, { Authorization: `Bearer ${secret}` });

  await tokens.revoke(MACHINE, token.tokenId);
  app.clock.advance(HEARTBEAT_MS);

  await expect(readToEnd()).rejects.toMatchObject({ code: "TOKEN_INVALID" });
});

test("the stream of somebody who may stay goes on after a heartbeat", async () => {
  const app = createAppDouble({ allowOpenReads: false });
  await app.people.join("vic", "viewer");
  const response = await app.ask("/v1/events", { headers: { Cookie: await signIn(app, "vic") } });
  const reader = response.body?.getReader();
  await reader?.read();

  for (let beat = 0; beat < 2; beat += 1) app.clock.advance(HEARTBEAT_MS);
  const said: string[] = [];
  while (said.filter((text) => text.startsWith("event: heartbeat")).length < 2) {
    said.push(new TextDecoder().decode((await reader?.read())?.value));
  }
  await reader?.cancel();

  expect(said.at(-1)).toMatch(/^event: heartbeat/);
});
