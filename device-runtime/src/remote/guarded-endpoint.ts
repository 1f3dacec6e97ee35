import { FedgeError, toWireError } from "@fedge/protocol";
import type { Endpoint } from "comlink";
import * as z from "zod/mini";
import { dataOf, deliver, type LineListener } from "./line.js";

const callId = z.string().check(z.minLength(1), z.maxLength(128));

/**
 * The only call that comes through: one function by name, with one argument as it is. Comlink itself would follow any
 * path on whatever is exposed, set properties and build objects; who sends may be a page, which is trusted with none
 * of that.
 */
const call = z.object({
  id: callId,
  type: z.literal("APPLY"),
  path: z.tuple([z.enum(["hello", "ask"])]),
  argumentList: z.tuple([z.object({ type: z.literal("RAW"), value: z.unknown() })]),
});

const numbered = z.object({ id: callId });

/** An endpoint on which comlink can serve somebody who is not trusted; what is no such call is refused, and told. */
export function guardedEndpoint(endpoint: Endpoint, onRefused: (error: FedgeError) => void): Endpoint {
  const guards = new Map<LineListener, (event: Event) => void>();
  const refuse = (data: unknown): void => {
    const error = new FedgeError("MESSAGE_MALFORMED", "what came over the line is no request to a device");
    onRefused(error);
    const asked = z.safeParse(numbered, data);
    if (!asked.success) return;
    endpoint.postMessage({ id: asked.data.id, type: "RAW", value: { error: toWireError(error) } });
  };
  return {
    postMessage: (message) => endpoint.postMessage(message),
    addEventListener: (type, listener) => {
      const guard = (event: Event): void => {
        const data = dataOf(event);
        const checked = z.safeParse(call, data);
        if (checked.success) deliver(listener, { data: checked.data } as MessageEvent);
        else refuse(data);
      };
      guards.set(listener, guard);
      endpoint.addEventListener(type, guard);
    },
    removeEventListener: (type, listener) => {
      const guard = guards.get(listener);
      guards.delete(listener);
      if (guard !== undefined) endpoint.removeEventListener(type, guard);
    },
  };
}
