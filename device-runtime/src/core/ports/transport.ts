import type { BlobRef, DeviceId, TenantId } from "@fedge/protocol";

/** What a device shows to the broker, and where that is. */
export interface Credentials {
  readonly deviceId: DeviceId;
  readonly tenantId: TenantId;
  /** Password of the MQTT connection. */
  readonly token: string;
  readonly brokerUrl: string;
  /** The newest root of the server's signed metadata, where whoever gives the credentials names it. */
  readonly root?: BlobRef;
}

/** A device's signed wish to be forgotten. It serves without the key, at the server that it was enrolled at. */
export interface Farewell {
  readonly deviceId: DeviceId;
  readonly timestampMs: number;
  /** base64url of the Ed25519 signature (RFC 8032) of `fedge-forget-v1:<deviceId>:<timestampMs>`. */
  readonly signature: string;
}

/** Who this device is. The key never leaves the port. */
export interface Identity {
  /**
   * Fresh credentials; enrols the device the first time. `isRefused` says that the last ones did not work: the broker
   * refused them, or was not where they say it is, several times.
   * Throws SERVER_UNREACHABLE, or ACCESS_DENIED when the server does not want this device.
   */
  credentials(options: { readonly isRefused: boolean }): Promise<Credentials>;
  /** The wish to be forgotten, signed now. */
  farewell(): Promise<Farewell>;
  /**
   * Tells the server to forget that device; one that does not know it is content. Throws SERVER_UNREACHABLE, or
   * TOKEN_INVALID for a wish that the server does not believe.
   */
  sayFarewell(farewell: Farewell): Promise<void>;
  /** Erases the key. The identity serves nothing afterwards. What is erased stays so: idempotent. */
  erase(): Promise<void>;
}

/** Hears what comes over one connection. */
export interface ConnectionListener {
  /** A message on a topic that was subscribed. */
  message(topic: string, payload: Uint8Array): void;
  /** The connection is gone, whoever ended it. Called once, and never before `open` has resolved. */
  closed(): void;
}

/** One connection to the broker, from its CONNACK to its end. */
export interface TransportConnection {
  /** Resolves when the broker has acknowledged it (QoS 1). Throws TRANSPORT_FAILED when the connection ends first. */
  publish(topic: string, payload: Uint8Array, options: { readonly retain: boolean }): Promise<void>;
  /** Resolves when the broker has granted all of them. Throws ACCESS_DENIED for one that it refuses. */
  subscribe(topics: readonly string[]): Promise<void>;
  /** Resolves when the broker has taken it. */
  unsubscribe(topics: readonly string[]): Promise<void>;
  /** Ends properly: the broker does not publish the will. Idempotent. */
  end(): Promise<void>;
  /** Cuts the line: the broker publishes the will. Idempotent. */
  destroy(): void;
}

/** MQTT 3.1.1, or what behaves like it. Connects when told to, and never by itself. */
export interface Transport {
  /** Throws TOKEN_INVALID when the broker refuses the credentials, TRANSPORT_FAILED otherwise. */
  open(
    credentials: Credentials,
    will: { readonly topic: string; readonly payload: Uint8Array },
    listener: ConnectionListener,
  ): Promise<TransportConnection>;
}
