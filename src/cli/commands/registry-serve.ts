import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const registryServeCommand = command({
  name: "registry serve",
  summary: "Serve a registry from a folder",
  description:
    "Serves the distribution API (v2) over plain HTTP, or HTTPS with `tls` of the configuration: push, pull, mounts, chunked uploads, tags, deletion and referrers. " +
    "Prints `listening on HOST:PORT` when it is ready. Ctrl-C ends it.\n\n" +
    "A configuration says who may do what (docs/registry/configuration.md). Without one everybody may do everything, so that it listens on loopback only, " +
    "unless `--anonymous` accepts that.",
  usage: "[OPTIONS]",
  flags: flagTable({
    listen: { kind: "text", short: "l", value: "HOST:PORT", help: "Address to listen on; port 0 takes a free one", default: "127.0.0.1:5000" },
    root: { kind: "text", value: "DIR", help: "Folder of the registry's content; by default `registry` in the store" },
    config: { kind: "text", short: "c", value: "FILE", help: "Configuration (YAML): users, rights, limits" },
    "log-requests": { kind: "switch", help: "Log each request as a line of JSON" },
    check: { kind: "switch", help: "Only check the configuration" },
    anonymous: { kind: "switch", help: "Serve other machines without asking who they are" },
  }),
  examples: [
    { title: "A registry for one machine", line: "sampan registry serve --listen 127.0.0.1:5000 --root /srv/registry" },
    { title: "A registry with users and rights", line: "sampan registry serve --listen 0.0.0.0:5000 --root /srv/registry --config /etc/sampan/registry.yaml" },
  ],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    if (flags.check) {
      if (flags.config === undefined) throw fault("USAGE", { problem: "--check needs --config FILE" });
      const { checkConfig } = await import("../../server/check-config.ts");
      for (const line of await checkConfig(flags.config)) io.stdout.write(`${line}\n`);
      return;
    }
    // Its program may be replaced by a newer one while it runs, and files may become too many to open one more.
    await import("../../std/fault-table.ts");
    const { problemText } = await import("../registry/problem-text.ts");
    const { serveRegistry } = await import("../../server/serve-registry.ts");
    const { storeRoot } = await import("../../store/store-root.ts");
    const root = flags.root ?? `${storeRoot(io.env)}/registry`;
    const server = await serveRegistry({
      listen: flags.listen,
      root,
      ...(flags.config === undefined ? {} : { config: flags.config }),
      anonymous: flags.anonymous,
      environment: io.env,
      logRequests: flags["log-requests"],
      writeLog: (line) => void io.stderr.write(line),
      onProblem: (problem) => void io.stderr.write(`${problemText(problem)}\n`),
    });
    io.stdout.write(`listening on ${server.address}\n`);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.close();
  },
});
