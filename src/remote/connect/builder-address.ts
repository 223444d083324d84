import { fault } from "../../std/fault.ts";

/** Where a BuildKit worker listens, and how to get there. */
export type BuilderAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  | { readonly kind: "command"; readonly command: readonly [string, ...string[]] };

/** Paths of PEM files, and the name that the worker's certificate must have where that is not the host's. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
}

/** Port of buildkitd's own documentation. */
const DEFAULT_PORT = 1234;

/**
 * Reads `tcp://host:port`, `unix:///path`, `ssh://[user@]host[:port][/socket]`, `kube-pod://pod[?namespace=…]`,
 * `docker-container://name` and `podman-container://name`. The latter four run `buildctl dial-stdio` at the worker's side.
 * @throws BUILDER_INVALID
 */
export function parseBuilderAddress(text: string, tls: TlsFiles = {}): BuilderAddress {
  const wrong = (problem: string): Error => fault("BUILDER_INVALID", { builder: text, problem });
  const match = /^([a-z-]+):\/\/([^?#]*)(?:\?([^#]*))?$/.exec(text);
  if (!match) throw wrong("it is no address of a builder");
  const [, scheme, place = "", search = ""] = match as unknown as [string, string, string, string | undefined];
  const query = readQuery(search, QUERY[scheme] ?? [], wrong);
  if (scheme !== "tcp" && Object.values(tls).some((value) => value !== undefined)) throw wrong("certificates are for tcp:// only");
  switch (scheme) {
    case "unix":
      if (!place.startsWith("/")) throw wrong("the path of a socket begins with a slash: unix:///run/buildkit/buildkitd.sock");
      return { kind: "unix", path: decode(place, wrong) };
    case "tcp":
      return tcpAddress(place, { ...tlsOf(query), ...tls }, wrong);
    case "ssh":
      return { kind: "command", command: sshCommand(place, wrong) };
    case "kube-pod": {
      const words = ["context", "namespace"].flatMap((key) => (query.has(key) ? [`--${key}=${query.get(key)!}`] : []));
      const container = query.has("container") ? [`--container=${query.get("container")!}`] : [];
      return { kind: "command", command: ["kubectl", ...words, "exec", "-i", ...container, word(place, wrong), "--", ...DIAL] };
    }
    case "docker-container":
    case "podman-container": {
      const context = query.has("context") ? [`--context=${query.get("context")!}`] : [];
      return { kind: "command", command: [scheme.slice(0, 6), ...context, "exec", "-i", word(place, wrong), ...DIAL] };
    }
    default:
      throw wrong(`${scheme}:// is not known; it is one of tcp, unix, ssh, kube-pod, docker-container, podman-container`);
  }
}

type Wrong = (problem: string) => Error;

/** The program of the worker's side that carries the connection over its standard input and output. */
const DIAL = ["buildctl", "dial-stdio"] as const;

const QUERY: Readonly<Record<string, readonly string[]>> = {
  tcp: ["ca", "cacert", "cert", "key", "servername"],
  "kube-pod": ["context", "namespace", "container"],
  "docker-container": ["context"],
};

function readQuery(search: string, known: readonly string[], wrong: Wrong): ReadonlyMap<string, string> {
  const query = new Map(new URLSearchParams(search));
  for (const key of query.keys()) {
    if (!known.includes(key)) throw wrong(`${key}= means nothing there${known.length === 0 ? "" : `; it takes ${known.join(", ")}`}`);
  }
  return query;
}

function tlsOf(query: ReadonlyMap<string, string>): TlsFiles {
  const ca = query.get("ca") ?? query.get("cacert");
  const [cert, key, serverName] = [query.get("cert"), query.get("key"), query.get("servername")];
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(serverName ? { serverName } : {}) };
}

function tcpAddress(place: string, tls: TlsFiles, wrong: Wrong): BuilderAddress {
  const match = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?\/?$/i.exec(place);
  if (!match || Number(match[2] ?? 1) > 65535 || Number(match[2] ?? 1) === 0) throw wrong("after tcp:// comes host:port");
  if ((tls.cert === undefined) !== (tls.key === undefined)) throw wrong("a client certificate needs its key, and a key its certificate");
  const given = Object.values(tls).some((value) => value !== undefined);
  return { kind: "tcp", host: match[1]!.replace(/^\[|\]$/g, ""), port: Number(match[2] ?? DEFAULT_PORT), ...(given ? { tls } : {}) };
}

function sshCommand(place: string, wrong: Wrong): [string, ...string[]] {
  const match = /^(?:([\w.-]+)@)?(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?(\/.*)?$/i.exec(place);
  // A name that begins with a dash would be an option of ssh.
  if (!match || [match[1], match[2]].some((name) => name?.startsWith("-"))) throw wrong("after ssh:// comes [user@]host[:port][/path/of/the/socket]");
  const [, user, host, port, socket] = match as unknown as [string, string | undefined, string, string | undefined, string | undefined];
  const remote = socket === undefined || socket === "/" ? DIAL : ["buildctl", "--addr", quoted(`unix://${decode(socket, wrong)}`), "dial-stdio"];
  return ["ssh", ...(user === undefined ? [] : ["-l", user]), ...(port === undefined ? [] : ["-p", port]), "-T", "--", host.replace(/^\[|\]$/g, ""), ...remote];
}

/** ssh hands its words to a shell of the other side. */
function quoted(text: string): string {
  return /^[\w:/.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function word(text: string, wrong: Wrong): string {
  if (!/^[a-zA-Z0-9][\w.-]*$/.test(text)) throw wrong(text === "" ? "the name of the pod or container is missing" : `${JSON.stringify(text)} is no name of a pod or container`);
  return text;
}

function decode(text: string, wrong: Wrong): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("a percent sign begins no escape");
  }
}
