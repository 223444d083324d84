import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";

export const registryRoutesCommand = command({
  name: "registry routes",
  summary: "Show which places are asked for an image, in which order and why",
  description:
    "Shows where NAME is pulled from, or with --push where it is pushed to: each place with its capabilities, how it is " +
    "spoken to, certificates, proxy, and the file and entry that named it. Nothing is contacted.\n\n" +
    "Read are SAMPAN_REGISTRY_MIRRORS, containerd's hosts.toml, containers' registries.conf, docker's daemon.json and " +
    "config.json, certs.d folders and the proxy variables; docs/guides/routes.md says where they are.\n\n" +
    "Fields of --format: .Order .URL .Host .Capabilities .Security .Insecure .Authorities .Certificates .Headers .Proxy .ProxySource .Why.",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  flags: flagTable({
    push: { kind: "switch", help: "Show where it is pushed to" },
    insecure: { kind: "switch", help: "As it would be with --insecure" },
    format: { kind: "text", value: "TEMPLATE", help: "Write each place with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
  }),
  examples: [
    { title: "Who answers for Docker Hub", line: "sampan registry routes alpine:3.20" },
    { title: "The addresses alone", line: "sampan registry routes --format '{{.URL}}' alpine" },
  ],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io }) {
    const [{ parseReference }, { aliasNote, longName }, { machineRoutes }, { readingRoute, writingRoute }, { describeRoute, routeTitle }] = await Promise.all([
      import("../../oci/reference.ts"), import("../../registry/routes/long-name.ts"), import("../../registry/routes/machine-routes.ts"), import("../../registry/routes/routes-of.ts"), import("../../registry/routes/describe-route.ts"),
    ]);
    const meant = flags.push ? { name: positionals[0]! } : await longName(positionals[0]!, io.env);
    const reference = parseReference(meant.name);
    const routes = machineRoutes(io.env);
    const rules = await routes.rules(flags.insecure);
    const route = flags.push ? [await writingRoute(reference, rules)] : await readingRoute(reference, rules);
    const rows = describeRoute(route, reference, (url) => routes.proxyFor(url));
    if (flags.format === undefined) {
      const { routesText } = await import("../routes-text.ts");
      if (meant.name !== positionals[0]) io.stdout.write(`${aliasNote(positionals[0]!, meant)}\n`);
      io.stdout.write(`${routeTitle(reference, flags.push ? "write" : "read")}\n${routesText(rows)}`);
      return;
    }
    const { formatRows } = await import("../template/format.ts");
    const fields = rows.map((row) => ({
      Order: row.order, URL: row.url, Host: row.host, Capabilities: row.capabilities.join(","), Security: row.security, Insecure: row.insecure,
      Authorities: row.authorities, Certificates: row.certificates, Headers: row.headers, Proxy: row.proxy, ProxySource: row.proxySource, Why: row.why,
    }));
    io.stdout.write(formatRows(fields, {
      format: flags.format,
      defaultTable: "{{.Order}}\\t{{.URL}}\\t{{.Capabilities}}\\t{{.Security}}\\t{{.Proxy}}\\t{{.Why}}",
      headers: Object.fromEntries(Object.keys(fields[0] ?? {}).map((name) => [name, name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase()])),
    }));
  },
});
