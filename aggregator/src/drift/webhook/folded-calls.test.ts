import { describe, expect, test } from "vitest";
import type { AlertStep, NoticeKind } from "../alerts/alert-machine.js";
import type { AlertRecord, Evidence } from "../alerts/alert-record.js";
import { sampleAlert } from "../testing/sample-alert.js";
import { deliveriesOf } from "./folded-calls.js";

const stepOf = (alertId: string, notice: NoticeKind | null, evidence: Partial<Evidence> = {}): AlertStep => ({
  notice,
  alert: { ...sampleAlert(evidence), alertId },
});

const bodiesOf = (steps: readonly AlertStep[]) =>
  deliveriesOf(steps, 7).map(
    ({ body }) =>
      JSON.parse(body) as {
        readonly type: string;
        readonly alert: AlertRecord;
        readonly others: readonly AlertRecord[];
        readonly otherIds: readonly string[];
      },
  );

describe("what one release gives cause to tell", () => {
  test("is one call for each kind, of the gravest alert first; what is not told is in none", () => {
    const steps = [
      stepOf("a", "opened"),
      stepOf("b", "resolved"),
      stepOf("c", "opened", { severity: "critical" }),
      stepOf("d", null),
    ];

    expect(bodiesOf(steps)).toMatchObject([
      { type: "alert-opened", alert: { alertId: "c" }, others: [{ alertId: "a" }], otherIds: [] },
      { type: "alert-resolved", alert: { alertId: "b" }, others: [], otherIds: [] },
    ]);
  });

  test("has an id of its first alert and that alert's event, which is the same in every attempt", () => {
    expect(deliveriesOf([stepOf("a", "opened"), stepOf("b", "opened")], 7)).toMatchObject([
      { deliveryId: "a-1", alertId: "a", state: "pending", numAttempts: 0, nextAtMs: 7 },
    ]);
    expect(JSON.parse(deliveriesOf([stepOf("a", "opened")], 7)[0]?.body ?? "")).toMatchObject({
      deliveryId: "a-1",
    });
  });

  test("has long alerts by their ids: three of 10,000 letters are within 32 KiB, four are not", () => {
    const text = "x".repeat(10_000);
    const [body] = bodiesOf(["a", "b", "c", "d", "e", "f"].map((id) => stepOf(id, "opened", { text })));

    expect(body?.others.map(({ alertId }) => alertId)).toEqual(["b", "c", "d"]);
    expect(body?.otherIds).toEqual(["e", "f"]);
  });
});
