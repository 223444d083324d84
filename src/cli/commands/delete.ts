import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const deleteCommand = command({
  name: "delete",
  summary: "Delete tags and images in registries",
  description:
    "A name with a tag loses this tag only: other tags of the same image stay, also on registries that cannot delete a tag by " +
    "itself. A name with a digest loses the manifest and with it all of its tags. On a terminal it is asked first.",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST] [NAME...]",
  flags: flagTable({
    force: { kind: "switch", short: "f", help: "Do not ask, and do not mind what is not there" },
    ...registryFlags,
  }),
  examples: [{ title: "Tags of a branch", line: "sampan tags --filter 'feature-*' --format '{{.Name}}' registry.example.com/team/app | xargs -r sampan delete" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ withClient }, { deleteRemote }, { parseRemote }, { forEach }] = await Promise.all([
      import("../remote/with-place.ts"), import("../remote/delete-remote.ts"), import("../remote/parse-repository.ts"), import("../each.ts"),
    ]);
    const references = positionals.map(parseRemote);
    const hosts = references.map(({ host }) => host);
    return withClient(hosts, { flags, io, signal }, (client) => forEach(positionals, io, (word) => deleteRemote(client, parseRemote(word), { force: flags.force, io, signal })));
  },
});
