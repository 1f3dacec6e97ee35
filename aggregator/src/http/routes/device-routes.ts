import type { HttpAppOptions } from "../ports.js";
import { remoteAddress } from "../remote-address.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { deviceFilter } from "../../fleet/filter/device-filter.js";
import { deviceParams } from "../schema/basic-schema.js";
import {
  deviceList,
  deviceQuery,
  deviceRecord,
  enrolAnswer,
  enrolRequest,
  forgetAnswer,
  forgetRequest,
  tokenAnswer,
  tokenRequest,
} from "../schema/device-schema.js";
import { TokenBuckets } from "../token-bucket.js";

export type DeviceRouteOptions = Pick<
  HttpAppOptions,
  "service" | "identity" | "clock" | "mqttUrls" | "enrolmentRate" | "signedMetadata"
>;

/** A few thousand devices behind one address enrol within seconds; a flood of made-up keys does not pass. */
const DEFAULT_ENROLMENT_RATE = { perSecond: 100, burst: 2000 };

/** `/v1/devices`: the fleet for people, and how a device gets its identity and its tokens. */
export function addDeviceRoutes(host: RouteHost, options: DeviceRouteOptions): void {
  addFleetRoutes(host, options);
  const rate = options.enrolmentRate ?? DEFAULT_ENROLMENT_RATE;
  const buckets = new TokenBuckets(options.clock, rate, "enrolments from this address");
  jsonRoute(host, {
    method: "post",
    path: "/v1/devices",
    tag: "devices",
    summary: "Enrol a device by its public key; the same key is the same device",
    access: "public",
    body: enrolRequest,
    result: enrolAnswer,
    status: 201,
    handle: async ({ body, context }) => {
      buckets.take(remoteAddress(context));
      const { publicKey, timestampMs, proof, enrolmentKey } = body;
      const enrolled = await options.identity.enrol({
        publicKey,
        timestampMs,
        proof,
        ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
      });
      const root = await options.signedMetadata.newestRoot();
      return { ...enrolled, root, mqtt: { ...options.mqttUrls(new URL(context.req.url)) } };
    },
  });
  addSignedRoutes(host, options, buckets);
}

/** What a device asks with its key, and without a token. */
function addSignedRoutes(
  host: RouteHost,
  { identity, service }: DeviceRouteOptions,
  buckets: TokenBuckets,
): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/devices/{deviceId}/token",
    tag: "devices",
    summary: "A new token for an enrolled device",
    access: "public",
    params: deviceParams,
    body: tokenRequest,
    result: tokenAnswer,
    handle: async ({ params, body, context }) => {
      buckets.take(remoteAddress(context));
      return identity.refresh(params.deviceId, body);
    },
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/devices/{deviceId}/forget",
    tag: "devices",
    summary: "Forget a device that asks for it, for good",
    access: "public",
    params: deviceParams,
    body: forgetRequest,
    result: forgetAnswer,
    handle: async ({ params, body, context }) => {
      buckets.take(remoteAddress(context));
      await identity.forget(params.deviceId, body);
      await service.deviceForgotten(params.deviceId);
      return { deviceId: params.deviceId };
    },
  });
}

function addFleetRoutes(host: RouteHost, { service, clock }: DeviceRouteOptions): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/devices",
    tag: "devices",
    summary: "Enrolled devices",
    access: "read",
    query: deviceQuery,
    result: deviceList,
    handle: ({ query: { filter, ...page } }) => {
      const wanted = filter === undefined ? undefined : deviceFilter(filter, clock.nowMs());
      return service.findDevices(page, wanted);
    },
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/devices/{deviceId}",
    tag: "devices",
    summary: "One device",
    access: "read",
    params: deviceParams,
    result: deviceRecord,
    handle: ({ params }) => service.getDevice(params.deviceId),
  });
}
