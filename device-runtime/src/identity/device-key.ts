/** A device's key: it signs, and its public half names the device. */
export interface DeviceKey {
  /** base64url of the raw 32 bytes of an Ed25519 key. */
  readonly publicKey: string;
  readonly deviceId: string;
  /** base64url of the Ed25519 signature (RFC 8032) of the UTF-8 text. */
  sign(text: string): string | Promise<string>;
}
