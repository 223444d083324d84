import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";
import { fault } from "../../std/fault.ts";

export const registryAuditCommand = command({
  name: "registry audit",
  summary: "Show what was changed in a registry, by whom and from where",
  description:
    "Prints the log of changes: pushes, tags that moved, deletions, robots and tokens, and what was refused: failed logins (`login.fail`) " +
    "and denied changes (`access.deny`), at most 60 of these a minute. It reads beside the running server.",
  usage: "[OPTIONS]",
  flags: flagTable({
    ...registryFlags,
    since: { kind: "text", value: "TIME", help: "Only what happened within this time (24h, 7d) or since then (2026-01-31, RFC 3339)" },
    repository: { kind: "text", value: "PATTERN", help: "Only these repositories: team/*, prod/**" },
    user: { kind: "text", value: "NAME", help: "Only what this user did" },
    action: { kind: "list", value: "ACTION", help: "Only these actions: tag.move, or tag for all of tags; may be given several times" },
    json: { kind: "switch", help: "Write each event as a line of JSON" },
    ...formatWord,
    follow: { kind: "switch", short: "f", help: "Go on with what happens from now, until Ctrl-C" },
  }),
  examples: [
    { title: "Who has changed production within a day", line: "sampan registry audit --root /srv/registry --since 24h --repository 'prod/**'" },
    { title: "Refusals, as they happen", line: "sampan registry audit --root /srv/registry --action login --action access --follow --json" },
  ],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const [{ readEvents }, { eventLine, eventView }, { parseSpan }, { isRepositoryPattern }, { withRecords }] = await Promise.all([
      import("../../server/audit/read-events.ts"), import("../../server/audit/event-view.ts"), import("../../server/config/values.ts"),
      import("../../server/terms/repository-pattern.ts"), import("../registry/with-records.ts"),
    ]);
    const { since, repository, user } = flags;
    const span = since === undefined ? undefined : parseSpan(since);
    const start = since === undefined ? undefined : span === undefined ? Date.parse(since) : Date.now() - span;
    if (start !== undefined && Number.isNaN(start)) throw fault("USAGE", { problem: `--since ${JSON.stringify(since)} is neither a duration (24h, 7d) nor a time (2026-01-31)` });
    if (repository !== undefined && !isRepositoryPattern(repository)) throw fault("USAGE", { problem: `${JSON.stringify(repository)} is no pattern of repository names: write prod/*, team/** or **` });
    await withRecords(flags, io, async (metadata) => {
      for await (const event of readEvents(metadata, { since: start, repository, user, actions: flags.action, follow: flags.follow, signal })) {
        io.stdout.write(`${flags.json ? JSON.stringify(eventView(event)) : eventLine(event)}\n`);
      }
    });
  },
});
