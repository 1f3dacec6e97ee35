import { FedgeError } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { openConnectionRig, type ConnectionRig, type Link } from "../../testing/connection-rig.js";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function start(rig: ConnectionRig): Promise<Link> {
  rig.connection.start();
  await settled();
  return rig.links[0] as Link;
}

/** Lets the longest wait between two attempts pass. */
async function passRetry({ clock }: ConnectionRig): Promise<void> {
  clock.advance(60_000);
  await settled();
}

/** The rig's clock, in seconds. */
const FIRST_SESSION = 1_700_000_000;

describe("a session", () => {
  test("has a number that is kept before it is used, and higher than the last", async () => {
    const rig = openConnectionRig();
    (await start(rig)).destroy();
    await settled();
    await passRetry(rig);

    const sessions = [FIRST_SESSION, FIRST_SESSION + 60];
    expect(rig.keptAtOpen).toEqual(sessions.map(String));
    expect(rig.links.map(({ willSession }) => willSession)).toEqual(sessions);
  });

  test("begins with a birth and a retained presence of its number", async () => {
    const { published } = await start(openConnectionRig());

    expect(published).toMatchObject([
      {
        topic: "fedge/1/acme/d/device/birth",
        retain: false,
        body: { type: "birth", session: FIRST_SESSION },
      },
      {
        topic: "fedge/1/acme/d/device/state",
        retain: true,
        body: { presence: "online", session: FIRST_SESSION },
      },
    ]);
  });

  test("ends with a retained goodbye, once", async () => {
    const rig = openConnectionRig();
    const link = await start(rig);
    await rig.connection.close();
    await rig.connection.close();

    expect(link.published.slice(2)).toMatchObject([
      { retain: true, body: { presence: "offline", session: FIRST_SESSION } },
    ]);
    expect(link.isOver).toBe(true);
    expect(rig.clock.numTimers).toBe(0);
  });

  test("that the broker stops acknowledging is cut after two minutes and begun anew", async () => {
    const rig = openConnectionRig();
    const link = await start(rig);
    rig.script.isSilent = true;
    const sending = expect(rig.connection.send("report", {})).rejects.toMatchObject({
      code: "TRANSPORT_FAILED",
    });
    rig.clock.advance(119_999);
    const isOverBefore = link.isOver;
    rig.clock.advance(1);

    await sending;
    expect([isOverBefore, link.isOver]).toEqual([false, true]);
  });

  test("that the broker does not let begin is cut, too", async () => {
    const rig = openConnectionRig();
    rig.script.isSilent = true;
    const link = await start(rig);
    rig.clock.advance(120_000);
    await settled();

    expect(link.isOver).toBe(true);
    expect(rig.connection.isOnline).toBe(false);
  });
});

describe("topics", () => {
  test("that are listened to without a connection are subscribed with the first", async () => {
    const rig = openConnectionRig();
    await rig.connection.listen([["a", () => undefined]]);

    expect((await start(rig)).subscribed).toEqual([["a"]]);
  });

  test("are subscribed again in every session, at most eight filters at once", async () => {
    const rig = openConnectionRig();
    const topics = Array.from({ length: 11 }, (_, at) => `topic-${at}`);
    await start(rig);
    await rig.connection.listen(topics.map((topic) => [topic, () => undefined]));
    rig.links[0]?.destroy();
    await settled();
    await passRetry(rig);

    expect(rig.links[1]?.subscribed).toEqual([topics.slice(0, 8), topics.slice(8)]);
  });

  test("that were left without a connection are not subscribed any more", async () => {
    const rig = openConnectionRig();
    await rig.connection.listen([["a", () => undefined]]);
    await rig.connection.unlisten(["a"]);

    expect((await start(rig)).subscribed).toEqual([]);
  });

  test("that the broker refuses are ACCESS_DENIED for who listens", async () => {
    const rig = openConnectionRig();
    await start(rig);

    await expect(rig.connection.listen([["refused", () => undefined]])).rejects.toMatchObject({
      code: "ACCESS_DENIED",
    });
  });

  test("of another tenant are not subscribed when the device has moved", async () => {
    const rig = openConnectionRig();
    await rig.connection.listen([["fedge/1/acme/d/device/fl/dn", () => undefined]]);
    (await start(rig)).destroy();
    await settled();
    rig.script.tenant = "other";
    await passRetry(rig);

    expect(rig.links[1]?.subscribed).toEqual([]);
  });

  test("whose handler throws count the message as refused and go on", async () => {
    const rig = openConnectionRig();
    const link = await start(rig);
    await rig.connection.listen([
      [
        "a",
        (): void => {
          throw new FedgeError("MESSAGE_MALFORMED", "bad");
        },
      ],
    ]);
    link.listener.message("a", new Uint8Array(3));

    expect(rig.connection.traffic).toMatchObject({ bytesDown: 3, numMessagesRefused: 1 });
    expect(rig.connection.isOnline).toBe(true);
  });
});

describe("closing", () => {
  test("while a connection opens ends that connection and reports nothing", async () => {
    const rig = openConnectionRig();
    let openNow: () => void = () => undefined;
    rig.script.gate = new Promise((resolve) => (openNow = resolve));
    rig.connection.start();
    await settled();
    await rig.connection.close();
    openNow();
    await settled();

    expect(rig.links[0]?.isOver).toBe(true);
    expect(rig.connection.isOnline).toBe(false);
    expect(rig.errors).toEqual([]);
  });

  test("while a connection fails to open leaves no timer and reports nothing", async () => {
    const rig = openConnectionRig();
    let openNow: () => void = () => undefined;
    rig.script.gate = new Promise((resolve) => (openNow = resolve));
    rig.script.failure = new FedgeError("TRANSPORT_FAILED", "no broker");
    rig.connection.start();
    await settled();
    await rig.connection.close();
    openNow();
    await settled();

    expect(rig.errors).toEqual([]);
    expect(rig.clock.numTimers).toBe(0);
  });

  test("waits five seconds for a broker that does not answer, and then cuts the line", async () => {
    const rig = openConnectionRig();
    const link = await start(rig);
    rig.script.isSilent = true;
    const closing = rig.connection.close();
    await settled();
    rig.clock.advance(5000);

    await closing;
    expect(link.isOver).toBe(true);
    expect(rig.clock.numTimers).toBe(0);
  });

  test("leaves nothing that can be sent", async () => {
    const rig = openConnectionRig();
    await start(rig);
    await rig.connection.close();

    await expect(rig.connection.send("report", {})).rejects.toMatchObject({ code: "TRANSPORT_FAILED" });
  });
});
