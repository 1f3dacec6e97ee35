import { createHmac } from "node:crypto";
import { FedgeError } from "@fedge/protocol";

const TIMEOUT_MS = 10_000;
/** What a target answers is not read beyond this; it is only waited for. */
const LEAST_SECRET = 16;

/** Where alerts are told. */
export interface WebhookTarget {
  /** Resolves when the target took it; rejects with the reason otherwise. */
  post(deliveryId: string, body: string): Promise<void>;
}

export interface WebhookOptions {
  readonly url: string;
  /** Shared with the target, which checks the signature by it. */
  readonly secret: string;
}

/**
 * Posts JSON to one address that the operator named when the server started; nothing else can choose it. Only http and https,
 * no credentials in the address, and a redirect is a failure, so that a target cannot send the server elsewhere. Throws
 * OPTION_INVALID for an address or a secret that will not do.
 *
 * `X-Fedge-Signature: t=<ms>,v1=<hex>`: HMAC-SHA256 with the secret of `<ms>.<body>`. `X-Fedge-Delivery` is the same in
 * every attempt, so that a target that answered too late takes it once.
 */
export function httpWebhook(
  { url: text, secret }: WebhookOptions,
  nowMs: () => number,
  request: typeof fetch = fetch,
): WebhookTarget {
  const url = checkedUrl(text);
  if (secret.length < LEAST_SECRET)
    throw new FedgeError(
      "OPTION_INVALID",
      `the webhook's secret has ${secret.length} characters; give at least ${LEAST_SECRET} in FEDGE_DRIFT_WEBHOOK_SECRET`,
    );
  return {
    post: async (deliveryId, body) => {
      const headers = {
        "Content-Type": "application/json",
        "User-Agent": "fedge-webhook",
        "X-Fedge-Delivery": deliveryId,
        "X-Fedge-Signature": signatureOf(body, secret, nowMs()),
      };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await request(url, { method: "POST", body, headers, redirect: "manual", signal });
      await response.body?.cancel();
      if (response.status < 200 || response.status > 299)
        throw new FedgeError("TRANSPORT_FAILED", `the webhook answered with status ${response.status}`);
    },
  };
}

/** What a target computes to see that a call is of this server, and when it was made. */
export function signatureOf(body: string, secret: string, atMs: number): string {
  const digest = createHmac("sha256", secret).update(`${atMs}.${body}`).digest("hex");
  return `t=${atMs},v1=${digest}`;
}

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "")
    throw new FedgeError(
      "OPTION_INVALID",
      "the webhook takes an http or https address without a name or password in it, such as https://alerts.example/fedge",
    );
  return url;
}
