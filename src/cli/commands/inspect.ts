import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const inspectCommand = command({
  name: "inspect",
  summary: "Show all that is known about images",
  description: "Prints a JSON list with the members that `docker image inspect` has, or each image by a Go template.",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  flags: flagTable({
    format: { kind: "text", short: "f", value: "TEMPLATE", help: "Write with a Go template, or `json`" },
    type: { kind: "text", value: "TYPE", help: "Accepted for Docker's sake", choices: ["image"] },
    size: { kind: "switch", short: "s", help: "Accepted for Docker's sake" },
    platform: { kind: "text", help: "", refused: "the store holds one platform of an image" },
  }),
  examples: [
    { title: "The environment, a line each", line: "sampan inspect -f '{{range .Config.Env}}{{println .}}{{end}}' app:1.0" },
    { title: "A label", line: "sampan inspect -f '{{index .Config.Labels \"org.opencontainers.image.revision\"}}' app:1.0" },
  ],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const [{ inspectView }, { toJson }, { formatOne }] = await Promise.all([
      import("../images/inspect-view.ts"), import("../template/show.ts"), import("../template/format.ts"),
    ]);
    const { format } = flags;
    const views: unknown[] = [];
    const status = await withStore(async (store) =>
      forEach(positionals, io, (text) => {
        const image = store.images.find(text);
        const view = inspectView(image, image.manifest && store.blobs.size(image.manifest.digest));
        if (format === undefined) views.push(view);
        else io.stdout.write(`${formatOne(format, view)}\n`);
      }));
    if (format === undefined) io.stdout.write(`${toJson(views, 4)}\n`);
    return status;
  },
});
