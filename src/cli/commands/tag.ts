import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const tagCommand = command({
  name: "tag",
  summary: "Give an image a further name",
  description: "An image that has the name already loses it.",
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  flags: flagTable({}),
  examples: [{ title: "Name an image for a registry", line: "sampan tag app:1.0 registry.example.com/team/app:1.0" }],
  positionals: { min: 2, max: 2 },
  async run({ positionals }) {
    await withStore(async (store) => store.images.tag(store.images.target(positionals[0]!).id, positionals[1]!));
  },
});
