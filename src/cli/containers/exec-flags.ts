import { flagTable } from "../flags/flag.ts";

/** The flags of `sampan exec`: docker's. */
export const execFlags = flagTable({
  interactive: { kind: "switch", short: "i", help: "Keep standard input open" },
  tty: { kind: "switch", short: "t", help: "Give the command a terminal" },
  detach: { kind: "switch", short: "d", help: "Let it run in the background; what it says is lost" },
  env: { kind: "list", short: "e", value: "NAME[=VALUE]", help: "Environment variable; without a value it comes from the environment" },
  "env-file": { kind: "list", value: "PATH", help: "File with a NAME=VALUE per line" },
  user: { kind: "text", short: "u", value: "USER[:GROUP]", help: "Name or number of the user" },
  workdir: { kind: "text", short: "w", value: "PATH", help: "Working directory" },
  privileged: { kind: "switch", help: "", refused: "" },
  "detach-keys": { kind: "text", help: "", refused: "" },
});
