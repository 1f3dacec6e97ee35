import { z } from "@hono/zod-openapi";
import { GROUP_NAME_PATTERN, MAX_TAGS, TAG_PATTERN } from "../../fleet/device-admin-port.js";
import { MAX_FILTER_LENGTH } from "../../fleet/filter/filter-syntax.js";
import { deviceIdText } from "./basic-schema.js";

const tag = z.string().regex(TAG_PATTERN, "1 to 32 letters, digits or _.-, the first a letter or digit");
const groupName = z
  .string()
  .regex(GROUP_NAME_PATTERN, "1 to 64 letters, digits or _.-, the first a letter or digit");

export const tagsRequest = z
  .object({ add: z.array(tag).max(MAX_TAGS).default([]), remove: z.array(tag).max(MAX_TAGS).default([]) })
  .refine(({ add, remove }) => add.length + remove.length > 0, { message: "name a tag in add or remove" })
  .refine(({ add, remove }) => !add.some((one) => remove.includes(one)), {
    message: "a tag is in add and in remove; name it in one of them",
  })
  .openapi("DeviceTagChange");

export const deviceTags = z
  .object({ deviceId: deviceIdText, tags: z.array(z.string()).readonly() })
  .openapi("DeviceTags");

export const decommissionRequest = z
  .object({ reason: z.string().max(1024).default("no reason given").describe("For the audit") })
  .openapi("DeviceDecommission");

export const decommissioned = z.object({ deviceId: deviceIdText }).openapi("DeviceDecommissioned");

export const deviceGroup = z.object({ name: z.string(), filter: z.string() }).openapi("DeviceGroup");
export type GroupBody = z.infer<typeof deviceGroup>;

export const groupRequest = z
  .object({ name: groupName, filter: z.string().min(1).max(MAX_FILTER_LENGTH) })
  .openapi("DeviceGroupRequest");

export const groupParams = z.object({ name: groupName });

export const groupList = z.object({ groups: z.array(deviceGroup).readonly() }).openapi("DeviceGroupList");

export const groupDeleted = z
  .object({ name: z.string(), deleted: z.boolean().describe("False when there was none of that name") })
  .openapi("DeviceGroupDeleted");
