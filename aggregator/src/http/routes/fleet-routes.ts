import type { DeviceAdminPort } from "../../fleet/device-admin-port.js";
import type { RolloutService } from "../../rollouts/rollout-service.js";
import type { AggregatorService } from "../../service.js";
import { actorOf } from "../actor.js";
import { jsonRoute, type RouteHost } from "../route.js";
import { deviceParams } from "../schema/basic-schema.js";
import {
  decommissionRequest,
  decommissioned,
  deviceGroup,
  deviceTags,
  groupDeleted,
  groupList,
  groupParams,
  groupRequest,
  tagsRequest,
} from "../schema/fleet-schema.js";
import { deviceTimeline } from "../schema/rollout-schema.js";

/** `/v1/devices/{deviceId}/timeline`: one device's way through every rollout. */
export function addTimelineRoute(
  host: RouteHost,
  {
    rollouts,
    service,
  }: { readonly rollouts: RolloutService; readonly service: Pick<AggregatorService, "getDevice"> },
): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/devices/{deviceId}/timeline",
    tag: "devices",
    summary: "What happened to a device in rollouts, newest first",
    access: "read",
    params: deviceParams,
    result: deviceTimeline,
    handle: async ({ params: { deviceId } }) => {
      const timeline = await rollouts.timeline(deviceId);
      // A device that was forgotten may still have a past; one that has neither was mistyped.
      if (timeline.length === 0) await service.getDevice(deviceId);
      return { timeline };
    },
  });
}

/** What people do to devices, and `/v1/groups`: filters with names. */
export function addFleetAdminRoutes(host: RouteHost, deviceAdmin: DeviceAdminPort): void {
  jsonRoute(host, {
    method: "post",
    path: "/v1/devices/{deviceId}/tags",
    tag: "devices",
    summary: "Add and remove tags of a device",
    access: "devices",
    params: deviceParams,
    body: tagsRequest,
    result: deviceTags,
    handle: async (call) => {
      const { deviceId } = call.params;
      const { tags } = await deviceAdmin.setTags(deviceId, call.body, actorOf(call).name);
      return { deviceId, tags };
    },
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/devices/{deviceId}/decommission",
    tag: "devices",
    summary: "Take a device out of service for good; its record stays",
    access: "devices",
    params: deviceParams,
    body: decommissionRequest,
    result: decommissioned,
    handle: async (call) => {
      await deviceAdmin.decommission(call.params.deviceId, actorOf(call).name, call.body.reason);
      return { deviceId: call.params.deviceId };
    },
  });
  addGroupRoutes(host, deviceAdmin);
}

function addGroupRoutes(host: RouteHost, deviceAdmin: DeviceAdminPort): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/groups",
    tag: "devices",
    summary: "Filters with names",
    access: "read",
    result: groupList,
    handle: async () => ({ groups: await deviceAdmin.listGroups() }),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/groups",
    tag: "devices",
    summary: "Give a filter a name, or a name another filter",
    access: "devices",
    body: groupRequest,
    result: deviceGroup,
    handle: async (call) => {
      return deviceAdmin.saveGroup(call.body.name, call.body.filter, actorOf(call).name);
    },
  });
  jsonRoute(host, {
    method: "delete",
    path: "/v1/groups/{name}",
    tag: "devices",
    summary: "Forget a name; devices are not touched",
    access: "devices",
    params: groupParams,
    result: groupDeleted,
    handle: async (call) => {
      const { name } = call.params;
      const deleted = (await deviceAdmin.listGroups()).some((group) => group.name === name);
      if (deleted) await deviceAdmin.deleteGroup(name, actorOf(call).name);
      return { name, deleted };
    },
  });
}
