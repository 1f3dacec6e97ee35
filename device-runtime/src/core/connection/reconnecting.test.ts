import { FedgeError, createRandom } from "@fedge/protocol";
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

describe("coming back", () => {
  test.each([
    [1, 500],
    [2, 1000],
    [7, 32_000],
    [8, 60_000],
    [20, 60_000],
  ])("waits for a draw from at most min(60 s, 500 ms * 2^(n-1)) after %i failures", async (n, limitMs) => {
    const rig = openConnectionRig();
    rig.script.failure = new FedgeError("TRANSPORT_FAILED", "no broker");
    rig.script.random = { ...createRandom(""), unit: () => 0.5 };
    await start(rig);
    for (let failure = 1; failure < n; failure += 1) await passRetry(rig);
    const numBefore = rig.asked.length;
    rig.clock.advance(limitMs / 2 - 1);
    await settled();
    const numJustBefore = rig.asked.length;
    rig.clock.advance(1);
    await settled();

    expect([numBefore, numJustBefore, rig.asked.length]).toEqual([n, n, n + 1]);
  });

  test("counts a session of less than a second as a failure, so that two of one key do not fight", async () => {
    const rig = openConnectionRig();
    rig.script.random = { ...createRandom(""), unit: () => 1 };
    (await start(rig)).destroy();
    await settled();
    rig.clock.advance(500);
    await settled();
    rig.links[1]?.destroy();
    await settled();
    rig.clock.advance(999);
    await settled();
    const numBefore = rig.links.length;
    rig.clock.advance(1);
    await settled();

    expect([numBefore, rig.links.length]).toEqual([2, 3]);
  });

  test("asks where the broker is now after every fifth attempt that found nobody", async () => {
    const rig = openConnectionRig();
    rig.script.failure = new FedgeError("TRANSPORT_FAILED", "no broker");
    await start(rig);
    for (let failure = 1; failure <= 11; failure += 1) await passRetry(rig);

    expect(rig.asked.flatMap((isRefused, attempt) => (isRefused ? [attempt] : []))).toEqual([5, 10]);
  });

  test("asks for another token after one that was refused, and says so no longer once one works", async () => {
    const rig = openConnectionRig();
    rig.script.failure = new FedgeError("TOKEN_INVALID", "refused");
    await start(rig);
    rig.script.failure = null;
    await passRetry(rig);
    rig.links[0]?.destroy();
    await settled();
    await passRetry(rig);

    expect(rig.asked).toEqual([false, true, false]);
  });

  test("is told to those who listen, each time", async () => {
    const rig = openConnectionRig();
    const heard: string[] = [];
    rig.connection.onOnline(() => heard.push("online"));
    rig.connection.onOffline(() => heard.push("offline"));
    (await start(rig)).destroy();
    await settled();
    await passRetry(rig);

    expect(heard).toEqual(["online", "offline", "online"]);
  });
});
