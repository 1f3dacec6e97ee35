import type { DeviceId, TenantId } from "@fedge/protocol";
import type { Credentials } from "../core/ports/transport.js";
import { describeTransport } from "./conformance/transport.conformance.js";
import { MemoryBroker } from "./memory-broker.js";

const forbiddenTopic = "fedge/1/acme/forbidden";

function credentials(name: string, token = "good"): Credentials {
  return { deviceId: name as DeviceId, tenantId: "acme" as TenantId, token, brokerUrl: "memory:" };
}

describeTransport("memory", async () => {
  const broker = new MemoryBroker({
    accepts: ({ token }) => token === "good",
    maySubscribe: (topic) => topic !== forbiddenTopic,
  });
  let numDevices = 0;
  return {
    transport: broker.transport(),
    newCredentials: () => credentials(`device-${(numDevices += 1)}`),
    refusedCredentials: credentials("mallory", "bad"),
    forbiddenTopic,
    close: async () => undefined,
  };
});
