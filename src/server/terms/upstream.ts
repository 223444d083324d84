/** Another registry. */
export interface UpstreamAddress {
  /** As references name it: `docker.io`, `registry.example.com:5000`. */
  readonly host: string;
  /** What its repositories begin with, with the slash at its end; mostly nothing. */
  readonly path: string;
  /** Plain HTTP was asked for. */
  readonly plain: boolean;
}

const HUB = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/** A host, or the address of a registry; undefined for what is neither. */
export function parseUpstream(text: string): UpstreamAddress | undefined {
  const address = /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(address)) return undefined;
  const { protocol, host, pathname, search, hash, username, password } = new URL(address);
  if (host === "" || search !== "" || hash !== "" || username !== "" || password !== "" || /[@\s]/.test(text)) return undefined;
  const path = pathname.replace(/^\/(?:v2\/?)?/, "").replace(/\/*$/, "");
  if (path !== "" && !/^[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/.test(path)) return undefined;
  return { host: HUB.includes(host) ? "docker.io" : host, path: path === "" ? "" : `${path}/`, plain: protocol === "http:" };
}
