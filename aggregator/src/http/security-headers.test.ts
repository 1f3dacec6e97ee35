import { expect, test } from "vitest";
import { appPageHeaders } from "./security-headers.js";

function connectionsOf(host: string | undefined): string | undefined {
  const policy = appPageHeaders(host)["Content-Security-Policy"] ?? "";
  return policy.split("; ").find((directive) => directive.startsWith("connect-src"));
}

test.each(["127.0.0.1:8787", "fedge.example", "[::1]:8787"])(
  "a page from %s may open a WebSocket there, by name",
  (host) => {
    expect(connectionsOf(host)).toBe(`connect-src 'self' ws://${host} wss://${host}`);
  },
);

test.each([undefined, "", "a; script-src *", "a ws://b", "a,b"])(
  "the host %j adds nothing to the policy",
  (host) => {
    expect(connectionsOf(host)).toBe("connect-src 'self'");
  },
);
