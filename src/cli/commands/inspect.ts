import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const inspectCommand = command({
  name: "inspect",
  summary: "Show all that is known about images and containers",
  description:
    "Prints a JSON list with the members that `docker inspect` has, or each image or container by a Go template; a name that " +
    "both have means the container. docker://NAME is an " +
    "image in a registry, oci:DIR[:TAG], oci-archive:FILE[:TAG] and docker-archive:FILE[:NAME] are images in layouts and archives: " +
    "only manifest and config of these are read, and their size is that of the packed layers.",
  usage: "[OPTIONS] NAME [NAME...]",
  flags: flagTable({
    format: { kind: "text", short: "f", value: "TEMPLATE", help: "Write with a Go template, or `json`" },
    ...jsonWord,
    type: { kind: "text", value: "TYPE", help: "Only things of that kind", choices: ["image", "container"] },
    size: { kind: "switch", short: "s", help: "Show how much a container has written" },
    platform: { kind: "text", value: "OS/ARCH", help: "Platform to show of an image of several; by default the machine's own" },
    ...registryFlags,
  }),
  examples: [
    { title: "The environment, a line each", line: "sampan inspect -f '{{range .Config.Env}}{{println .}}{{end}}' app:1.0" },
    { title: "A label", line: "sampan inspect -f '{{index .Config.Labels \"org.opencontainers.image.revision\"}}' app:1.0" },
    { title: "Of an image in a registry, without pulling it", line: "sampan inspect docker://registry.example.com/team/app:1.0" },
  ],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ inspectWords }, { toJson }, { formatOne }] = await Promise.all([
      import("../remote/inspect-words.ts"), import("../template/show.ts"), import("../template/format.ts"),
    ]);
    const format = flags.format || undefined;
    const views: unknown[] = [];
    const show = (view: Record<string, unknown>): void => {
      if (format === undefined || format === "json") views.push(view);
      else io.stdout.write(`${formatOne(format, view)}\n`);
    };
    const status = await inspectWords(positionals, { platform: flags.platform, type: flags.type, size: flags.size, show }, { flags, io, signal });
    if (format === undefined) io.stdout.write(`${toJson(views, 4)}\n`);
    else if (format === "json") io.stdout.write(`${toJson(views)}\n`);
    return status;
  },
});
