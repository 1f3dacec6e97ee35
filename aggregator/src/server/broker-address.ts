import { FedgeError } from "@fedge/protocol";

export interface BrokerAddress {
  /** Without user name and password: what devices are told, and what is printed. */
  readonly url: string;
  /** The aggregator's own, and nobody else's: with them, one would speak as the server. */
  readonly username?: string;
  readonly password?: string;
}

/** The parts of `mqtt://USER:PASSWORD@HOST:PORT`. Throws OPTION_INVALID for what is no address. */
export function brokerAddress(brokerUrl: string): BrokerAddress {
  if (!URL.canParse(brokerUrl)) {
    throw new FedgeError(
      "OPTION_INVALID",
      "--broker-url is no address; write it as mqtt://USER:PASSWORD@HOST:PORT",
    );
  }
  const { username, password } = new URL(brokerUrl);
  return {
    url: withoutCredentials(brokerUrl),
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
  };
}

/** Of an address with none it is the same text, so that nobody wonders about a slash more. */
function withoutCredentials(brokerUrl: string): string {
  const url = new URL(brokerUrl);
  if (url.username === "" && url.password === "") return brokerUrl;
  url.username = "";
  url.password = "";
  return url.href;
}
