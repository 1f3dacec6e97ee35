import type { DeviceId, TenantId } from "@fedge/protocol";
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { systemClock } from "../clock/system-clock.js";
import { deviceIdOf } from "../identity/device-keys.js";
import { createDeviceTokens, type DeviceTokens } from "../identity/device-tokens.js";
import { openEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "./embedded-broker.js";

export const TENANT = "acme" as TenantId;
