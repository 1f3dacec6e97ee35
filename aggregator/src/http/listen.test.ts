import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { listen } from "./listen.js";
import { createAppDouble } from "./testing/app-double.js";

test("a taken port is an error that names the port and the remedy", async () => {
  const { http } = createAppDouble();
  const first = await listen(http, { host: "127.0.0.1", port: 0 });
  try {
    const second = listen(http, { host: "127.0.0.1", port: first.port });

    await expect(second).rejects.toMatchObject({
      code: "PORT_TAKEN",
      message: expect.stringMatching(new RegExp(`port ${first.port} .*--port`)) as string,
    });
  } finally {
    await first.close();
  }
});

test("an address of another machine is an error that names the flag", async () => {
  const { http } = createAppDouble();

  await expect(listen(http, { host: "192.0.2.1", port: 0 })).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
});

test("closing ends event streams that are open", async () => {
  const { http } = createAppDouble();
  const listener = await listen(http, { host: "127.0.0.1", port: 0 });
  const response = await fetch(`http://127.0.0.1:${listener.port}/v1/events`);

  await listener.close();

  await expect(response.text()).rejects.toThrow();
});

test("the enrolment limit is kept for each address that connects", async () => {
  const { http } = createAppDouble({ enrolmentRate: { perSecond: 1, burst: 1 } });
  const listener = await listen(http, { host: "127.0.0.1", port: 0 });
  const enrol = () =>
    fetch(`http://127.0.0.1:${listener.port}/v1/devices`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ publicKey: "a".repeat(43), timestampMs: 1, proof: "b".repeat(86) }),
    });

  const statuses = [(await enrol()).status, (await enrol()).status];
  await listener.close();

  expect(statuses).toEqual([201, 429]);
});

test("closing waits for the handlers that are still at work after their connections have ended", async () => {
  const begun = gate();
  const write = gate();
  const did: string[] = [];
  const listener = await listen(
    {
      fetch: async () => {
        begun.open();
        await write.opened;
        did.push("written");
        return new Response();
      },
    },
    { host: "127.0.0.1", port: 0 },
  );
  const asked = fetch(`http://127.0.0.1:${listener.port}/`).catch(() => did.push("cut off"));
  await begun.opened;

  const closed = listener.close().then(() => did.push("closed"));
  await asked;
  write.open();
  await closed;

  expect(did).toEqual(["cut off", "written", "closed"]);
});

test("closing does not wait for a body that stops coming", async () => {
  const { http } = createAppDouble();
  const listener = await listen(http, { host: "127.0.0.1", port: 0 });
  const halfSent = connect(listener.port, "127.0.0.1");
  halfSent.on("error", () => undefined);
  const head = ["POST /v1/devices HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"];
  halfSent.write([...head, "Content-Length: 100", "", '{"publicKey":'].join("\r\n"));
  await once(listener.server, "request");

  await expect(listener.close()).resolves.toBeUndefined();
});

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
