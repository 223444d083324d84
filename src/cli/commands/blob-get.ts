import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const blobGetCommand = command({
  name: "blob get",
  summary: "Download a blob of a repository",
  description: "The bytes are checked against the digest. With --output the file is whole or not there; on standard output a wrong blob shows by the exit status 1.",
  usage: "[OPTIONS] REPOSITORY@DIGEST",
  flags: flagTable({
    output: { kind: "text", short: "o", value: "FILE", help: "Write to a file instead of standard output" },
    ...registryFlags,
  }),
  examples: [{ title: "List the files of a layer", line: "sampan blob get registry.example.com/team/app@sha256:… | tar tz" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ withClient }, { getBlobTo }, { parseRemote }, { fault }] = await Promise.all([
      import("../remote/with-place.ts"), import("../remote/get-blob-to.ts"), import("../remote/parse-repository.ts"), import("../../std/fault.ts"),
    ]);
    const { digest, ...reference } = parseRemote(positionals[0]!);
    if (digest === undefined) throw fault("USAGE", { problem: `${JSON.stringify(positionals[0])} has no digest`, hint: "write REPOSITORY@sha256:…" });
    if (flags.output === undefined && io.stdout.isTTY) throw fault("USAGE", { problem: "a blob is not for a terminal", hint: "use the -o flag or redirect" });
    await withClient([reference.host], { flags, io, signal }, (client) => getBlobTo(client, { ...reference, digest }, { dest: flags.output ?? "-", cwd: io.cwd, signal }));
  },
});
