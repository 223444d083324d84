import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const registryServeCommand = command({
  name: "registry serve",
  summary: "Serve a registry from a folder",
  description:
    "Serves the distribution API (v2) over plain HTTP: push, pull, mounts, chunked uploads, tags, deletion and referrers. " +
    "Prints `listening on HOST:PORT` when it is ready. Ctrl-C ends it.\n\n" +
    "There are no users and rights yet, so it listens on loopback only; a proxy that authenticates can serve other machines.",
  usage: "[OPTIONS]",
  flags: flagTable({
    listen: { kind: "text", short: "l", value: "HOST:PORT", help: "Address to listen on; port 0 takes a free one", default: "127.0.0.1:5000" },
    root: { kind: "text", value: "DIR", help: "Folder of the registry's content; by default `registry` in the store" },
    config: { kind: "text", value: "FILE", help: "Configuration", refused: "users, rights and policies come with a later version" },
  }),
  examples: [{ title: "A registry for one machine", line: "sampan registry serve --listen 127.0.0.1:5000 --root /srv/registry" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const { serveRegistry } = await import("../../server/serve-registry.ts");
    const { storeRoot } = await import("../../store/store-root.ts");
    const root = flags.root ?? `${storeRoot(io.env)}/registry`;
    const server = await serveRegistry({ listen: flags.listen, root });
    io.stdout.write(`listening on ${server.address}\n`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.close();
  },
});
