import { FedgeError } from "@fedge/protocol";
import type { Command } from "commander";
import { deviceGroup, groupDeleted, groupList, type GroupBody } from "../../http/schema/fleet-schema.js";
import { addServerFlags, clientOf, type ServerFlags } from "../server-flags.js";
import { formatTable, type TableColumn } from "../table.js";
import { printResult, type Terminal } from "../terminal.js";

/** `fedge group list|save|delete`: filters with names, which always mean the devices of the moment. */
export function addGroup(program: Command, terminal: Terminal): void {
  const group = program.command("group").description("give device filters names");
  addServerFlags(group.command("list").description("every group and its filter")).action(
    async (flags: ServerFlags) => {
      const { groups } = await clientOf(flags).get("/v1/groups", groupList);
      printResult(terminal, groups, () => formatTable(COLUMNS, groups));
    },
  );
  addServerFlags(group.command("save").description("give a filter a name, or a name another filter"))
    .argument("<name>", "name of the group, for filters such as 'group == pilots'")
    .argument("<filter>", "devices that it means, such as 'platform == browser* and tag == pilot'")
    .action(async (name: string, filter: string, flags: ServerFlags) => {
      const saved = await clientOf(flags).post("/v1/groups", deviceGroup, { name, filter });
      printResult(terminal, saved, () => `group ${saved.name} means ${saved.filter}`);
    });
  addServerFlags(group.command("delete").description("forget a name; devices are not touched"))
    .argument("<name>", "name of the group")
    .action(async (name: string, flags: ServerFlags) => {
      const result = await clientOf(flags).delete(`/v1/groups/${encodeURIComponent(name)}`, groupDeleted);
      if (!result.deleted) {
        throw new FedgeError("OPTION_INVALID", `there is no group ${name}; \`fedge group list\` shows them`);
      }
      printResult(terminal, result, () => `group ${name} is deleted`);
    });
}

const COLUMNS: readonly TableColumn<GroupBody>[] = [
  { title: "GROUP", cell: (group) => group.name },
  { title: "FILTER", cell: (group) => group.filter },
];
