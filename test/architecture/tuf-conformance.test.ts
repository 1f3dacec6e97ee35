import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "./source-files.js";

/** Cases of theupdateframework/tuf-conformance by file; `test_repository_simulator` tests the suite itself. */
const SUITE: Readonly<Record<string, readonly string[]>> = {
  test_basic: [
    ...["test_basic_init_and_refresh", "test_implicit_refresh", "test_invalid_initial_root"],
    ...["test_unsigned_initial_root", "test_timestamp_content_changes", "test_timestamp_eq_versions_check"],
    ...["test_new_targets_hash_mismatch", "test_new_targets_version_mismatch", "test_custom_fields"],
  ],
  test_expiration: [
    ...["test_root_expired", "test_timestamp_expired", "test_snapshot_expired", "test_targets_expired"],
    "test_expired_metadata",
  ],
  test_delegated_expiration: [
    ...["test_delegated_targets_expired", "test_expired_local_delegated_targets"],
    "test_expired_local_delegated_targets_updates",
  ],
  test_rollback: [
    ...["test_new_timestamp_version_rollback", "test_simple_snapshot_rollback", "test_snapshot_rollback"],
    ...["test_targets_rollback", "test_new_snapshot_version_mismatch"],
    ...["test_new_timestamp_fast_forward_recovery", "test_new_snapshot_fast_forward_recovery"],
    "test_new_targets_fast_forward_recovery",
  ],
  test_keys: [
    ...["test_root_has_keys_but_not_snapshot", "test_snapshot_threshold", "test_duplicate_keys_root"],
    "test_wrong_hashing_algorithm",
  ],
  test_updater_key_rotations: ["test_root_rotation", "test_non_root_rotations"],
  test_updater_delegation_graphs: ["test_graph_traversal", "test_targetfile_search"],
  test_quoting_issues: ["test_unusual_role_name"],
  test_file_download: [
    ...["test_client_downloads_expected_file", "test_client_downloads_expected_file_in_sub_dir"],
    ...["test_repository_substitutes_target_file", "test_multiple_changes_to_target"],
  ],
  test_static_repositories: ["test_static_repo"],
};

const ROW = /^\| `(test_\w+)`\s*\| `(test_\w+)`\s*\| `([^`]+)`\s*\| (.*?)\s*\|$/;
/** The text after `test(` and `test.each(…)(`, as it stands in the file. */
const TITLE = /(?:\btest|\))\(\s*(["`])((?:\\.|(?!\1).)*)\1\s*,/g;

const ROWS = readFileSync(join(repositoryRoot, "docs/tuf-conformance.md"), "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, group = "", name = "", file = "", title = ""] = ROW.exec(line) ?? [];
    return group === "" ? [] : [{ group, name, file, title }];
  });

function titlesIn(file: string): string[] {
  const path = join(repositoryRoot, file);
  if (!existsSync(path)) return [];
  return [...readFileSync(path, "utf8").matchAll(TITLE)].map((match) => match[2] ?? "");
}

describe("the table of the TUF conformance suite", () => {
  const cases = Object.entries(SUITE).flatMap(([group, names]) =>
    names.map((name) => [group, name] as const),
  );

  test.each(cases)("has a row for %s: %s", (group, name) => {
    expect(ROWS.filter((row) => row.group === group && row.name === name)).not.toEqual([]);
  });

  test("has no case that the suite has not", () => {
    expect(ROWS.filter(({ group, name }) => SUITE[group]?.includes(name) !== true)).toEqual([]);
  });

  test("names tests only that are in their files, under exactly that name", () => {
    expect(ROWS.filter(({ file, title }) => !titlesIn(file).includes(title))).toEqual([]);
  });
});
