import { FedgeError, nonNegativeInt } from "@fedge/protocol";
import * as z from "zod/mini";
import { readFileIfThere, writeFileAtomically } from "../state-directory/whole-file.js";
import type { AuditHead } from "./audit-chain.js";
import type { AuditAnchor } from "./ports.js";

const headFields = z.object({ seq: nonNegativeInt, hash: z.string().check(z.regex(/^[0-9a-f]{64}$/)) });

/** The anchor in a file of the state directory, replaced as a whole. One process at a time writes it. */
export function fileAuditAnchor(path: string): AuditAnchor {
  return {
    read: async () => {
      const bytes = await readFileIfThere(path);
      return bytes === undefined ? undefined : decodeHead(new TextDecoder().decode(bytes), path);
    },
    write: (head) => writeFileAtomically(path, `${JSON.stringify(head)}\n`),
  };
}

function decodeHead(text: string, path: string): AuditHead {
  try {
    return z.parse(headFields, JSON.parse(text));
  } catch (cause) {
    throw new FedgeError(
      "AUDIT_BROKEN",
      `${path} does not name the last audit entry; restore it from a backup. Without it a cut end of the audit log does not show.`,
      { cause },
    );
  }
}
