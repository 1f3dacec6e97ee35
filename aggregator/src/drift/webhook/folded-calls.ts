import type { AlertStep, NoticeKind } from "../alerts/alert-machine.js";
import { rankOf, type AlertRecord, type Delivery } from "../alerts/alert-record.js";

/** Alerts that a call has whole beside the one that it is of, and the bytes of their text at most. */
export const MOST_OTHERS = 20;
const MOST_OTHER_BYTES = 32 * 1024;

const KINDS: readonly NoticeKind[] = ["opened", "escalated", "resolved"];

/**
 * One call for each kind of notice, however many alerts one release gives cause for: a receiver is told of a cause once, not
 * a hundred times. The gravest is `alert`, the next are `others`, and what is too much for one call is in `otherIds`.
 */
export function deliveriesOf(steps: readonly AlertStep[], nowMs: number): Delivery[] {
  return KINDS.flatMap((kind) => {
    const told = steps.filter(({ notice }) => notice === kind).map(({ alert }) => alert);
    // Stable: of one severity in the order of the profile.
    const [first, ...rest] = told.sort(
      (one, other) => rankOf(other.evidence.severity) - rankOf(one.evidence.severity),
    );
    return first === undefined ? [] : [deliveryOf(kind, first, { rest, nowMs })];
  });
}

function deliveryOf(
  kind: NoticeKind,
  alert: AlertRecord,
  { rest, nowMs }: { readonly rest: readonly AlertRecord[]; readonly nowMs: number },
): Delivery {
  const { alertId } = alert;
  const deliveryId = `${alertId}-${alert.nextEvent}`;
  const numWhole = numFitting(rest);
  const others = rest.slice(0, numWhole);
  const otherIds = rest.slice(numWhole).map((other) => other.alertId);
  return {
    ...{ deliveryId, alertId, state: "pending", numAttempts: 0, nextAtMs: nowMs },
    body: JSON.stringify({ type: `alert-${kind}`, deliveryId, alert, others, otherIds }),
  };
}

/** How many of the first alerts a call has room for. */
function numFitting(alerts: readonly AlertRecord[]): number {
  let numBytes = 0;
  const beyond = alerts.slice(0, MOST_OTHERS).findIndex((alert) => {
    numBytes += Buffer.byteLength(JSON.stringify(alert));
    return numBytes > MOST_OTHER_BYTES;
  });
  return beyond === -1 ? Math.min(alerts.length, MOST_OTHERS) : beyond;
}
