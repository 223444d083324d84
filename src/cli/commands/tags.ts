import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const tagsCommand = command({
  name: "tags",
  summary: "List the tags of a repository in a registry",
  description:
    "A line for each tag, in the registry's order, or sorted. --sort version puts the newest version first, by the numbers in " +
    "the tag (1.10 before 1.9, releases before their candidates), and tags that name no version behind.",
  usage: "[OPTIONS] REPOSITORY",
  flags: flagTable({
    filter: { kind: "list", value: "PATTERN", help: "Only tags that match; `*`, `?` and `[a-z]` may be used, several are alternatives" },
    semver: { kind: "text", value: "RANGE", help: "Only versions of a range, such as `^1.27` or `>=3.18 <4`" },
    sort: { kind: "text", value: "ORDER", help: "Order of the list", choices: ["registry", "name", "version"], default: "registry" },
    limit: { kind: "text", short: "n", value: "N", help: "At most that many" },
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template (.Tag .Name), `table TEMPLATE`, or `json`" },
    ...jsonWord,
    ...registryFlags,
  }),
  examples: [{ title: "The five newest releases", line: "sampan tags --semver '*' --sort version -n 5 alpine" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ withClient }, { chooseTags }, { parseRepository }, { formatRows }, { familiarRepository }] = await Promise.all([
      import("../remote/with-place.ts"), import("../remote/choose-tags.ts"), import("../remote/parse-repository.ts"), import("../template/format.ts"), import("../../oci/reference.ts"),
    ]);
    const repository = parseRepository(positionals[0]!);
    const all = await withClient([repository.host], { flags, io, signal }, (client) => client.tagList(repository, { signal }));
    const tags = chooseTags(all, flags);
    const name = familiarRepository(repository);
    io.stdout.write(flags.format === undefined
      ? tags.map((tag) => `${tag}\n`).join("")
      : formatRows(tags.map((Tag) => ({ Tag, Name: `${name}:${Tag}` })), { format: flags.format, defaultTable: "{{.Tag}}", headers: { Tag: "TAG", Name: "NAME" } }));
  },
});
