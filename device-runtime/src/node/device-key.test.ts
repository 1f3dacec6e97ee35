import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { deviceKeyOf } from "./device-key.js";

// RFC 8032, section 7.1, test 1.
const SEED = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
const PUBLIC = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");

test("the public key of the RFC's first test vector", () => {
  expect(deviceKeyOf(SEED).publicKey).toBe(PUBLIC.toString("base64url"));
});

test("a signature verifies with the public key alone", async () => {
  const key = deviceKeyOf(SEED);
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.publicKey }, format: "jwk" });

  const signature = Buffer.from(await key.sign("hello"), "base64url");
  expect(verify(null, Buffer.from("hello"), publicKey, signature)).toBe(true);
});

test("the device id is 22 characters of the key's hash", () => {
  expect(deviceKeyOf(SEED).deviceId).toMatch(/^[A-Za-z0-9_-]{22}$/);
});
