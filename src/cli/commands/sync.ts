import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const syncCommand = command({
  name: "sync",
  summary: "Keep copies of repositories, as a file says",
  description:
    "Compares the tags that the file wants with what the targets have, prints what differs and why, and copies only that. What " +
    "fails does not stop the rest: the exit status is 1 then. docs/guides/copy-and-sync.md shows the file.",
  usage: "[OPTIONS] FILE",
  flags: flagTable({
    "dry-run": { kind: "switch", short: "n", help: "Print the plan, with what is as it should be, and change nothing" },
    explain: { kind: "switch", help: "Print why each of the other tags is not wanted" },
    delete: { kind: "switch", help: "Delete tags of the targets that are not wanted any more" },
    parallel: { kind: "text", value: "N", help: "Targets at once", default: "3" },
    quiet: { kind: "switch", short: "q", help: "Print errors only" },
    json: { kind: "switch", help: "Write the plan and the results as JSON, one per line" },
    authfile: { kind: "text", value: "PATH", help: "Look for logins in this file only, in docker's or containers' format", group: "Registry" },
    insecure: { kind: "switch", help: "Speak plain HTTP to registries, or HTTPS without checking their certificates", group: "Registry" },
  }),
  examples: [{ title: "See what would be done", line: "sampan sync --dry-run mirror.yaml" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ syncFile }, { wholeNumber }] = await Promise.all([import("../sync/sync-file.ts"), import("../flags/whole-number.ts")]);
    return syncFile(positionals[0]!, {
      dryRun: flags["dry-run"], explain: flags.explain, delete: flags.delete, parallel: wholeNumber(flags.parallel, "--parallel", { min: 1, max: 32 }),
      format: flags.quiet ? "quiet" : flags.json ? "json" : "text", insecure: flags.insecure, authfile: flags.authfile, io, signal,
    });
  },
});
