import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const catalogCommand = command({
  name: "catalog",
  summary: "List the repositories of a registry",
  description: "A line for each repository. Public registries do not answer this.",
  usage: "[OPTIONS] HOST",
  flags: flagTable({
    filter: { kind: "list", value: "PATTERN", help: "Only repositories that match; `*` stands for letters other than `/`, several are alternatives" },
    limit: { kind: "text", short: "n", value: "N", help: "At most that many" },
    "full-ref": { kind: "switch", help: "Print the host with each" },
    ...registryFlags,
  }),
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ withClient }, { registryHost }, { wholeNumber }, { matchPath }] = await Promise.all([
      import("../remote/with-place.ts"), import("../registry-host.ts"), import("../flags/whole-number.ts"), import("../../std/match-path.ts"),
    ]);
    const host = registryHost(positionals[0]!);
    const limit = flags.limit === undefined ? Infinity : wholeNumber(flags.limit, "--limit", { min: 1, max: 1_000_000 });
    const asked = flags.filter.length === 0 ? { limit } : {};
    const names = await withClient([host], { flags, io, signal }, (client) => client.catalogList(host, { ...asked, signal }));
    const chosen = names.filter((name) => flags.filter.length === 0 || flags.filter.some((pattern) => matchPath(pattern, name))).slice(0, limit);
    for (const name of chosen) io.stdout.write(flags["full-ref"] ? `${host}/${name}\n` : `${name}\n`);
  },
});
