import { formatWord } from "../flags/flag.ts";

/** Flags of the commands that make robots and personal tokens. */
export const secretFlags = {
  role: { kind: "text", value: "ROLE", help: "" },
  repository: { kind: "list", value: "PATTERN", help: "Repositories that the role is for: `team/**`; may be given several times" },
  expires: { kind: "text", value: "TIME", help: "How long it is good for (30d, 12h), or `never`", default: "90d" },
  quiet: { kind: "switch", short: "q", help: "Print the secret only" },
  json: { kind: "switch", help: "Write JSON" },
  ...formatWord,
} as const;
