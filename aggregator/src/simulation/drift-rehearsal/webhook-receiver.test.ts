import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sampleAlert } from "../../drift/testing/sample-alert.js";
import { httpWebhook } from "../../drift/webhook/webhook-target.js";
import { WebhookReceiver, alertIdsOf } from "./webhook-receiver.js";

const NOW_MS = 1_700_000_000_000;
const body = (deliveryId: string): string =>
  JSON.stringify({
    ...{ type: "alert-opened", deliveryId, alert: sampleAlert() },
    ...{ others: [{ ...sampleAlert(), alertId: "other" }], otherIds: ["third"] },
  });

describe("the receiver of a webhook", () => {
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    receiver = await WebhookReceiver.open(() => undefined);
  });
  afterEach(() => receiver.close());

  test("takes what the server signed, each delivery once", async () => {
    const target = httpWebhook(receiver.options, () => NOW_MS);
    for (const deliveryId of ["a-0", "a-0", "a-1"]) await target.post(deliveryId, body(deliveryId));

    expect(receiver.calls.map(({ deliveryId }) => deliveryId)).toEqual(["a-0", "a-1"]);
    expect(receiver.numRefused).toBe(0);
    expect(receiver.calls.map(alertIdsOf)).toEqual(Array(2).fill(["abc123", "other", "third"]));
  });

  test.each([
    ["another secret", { secret: "another secret altogether" }],
    ["no signature", null],
  ])("refuses a call with %s", async (_what, change) => {
    const { url } = receiver.options;
    const posted =
      change === null
        ? fetch(url, { method: "POST", body: body("a-0") }).then(({ status }) => {
            if (status !== 204) throw new Error(String(status));
          })
        : httpWebhook({ url, ...change }, () => NOW_MS).post("a-0", body("a-0"));

    await expect(posted).rejects.toThrow("401");
    expect(receiver.calls).toEqual([]);
    expect(receiver.numRefused).toBe(1);
  });
});
