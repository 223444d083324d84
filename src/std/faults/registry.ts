import { spec } from "../fault-spec.ts";

/** When to come back, as far as a registry has a time in mind. */
const soon = (seconds = 0): string => (seconds <= 0 || seconds > 365 * 24 * 3600 ? "later" : `in ${seconds} s`);
const said = (answer: string | undefined): string => (answer ? `: ${answer}` : "");

/** Faults of the registry station. */
export const registryFaults = {
  REGISTRY_UNREACHABLE: spec<{ host: string; reason: string; hint?: string }>({
    when: "No connection to the registry could be made, or it broke, also after trying again.",
    exit: 1,
    message: ({ host, reason }) => `registry ${host} cannot be reached: ${reason}`,
    hint: ({ hint }) => hint ?? "check the host name, the port and the network; HTTPS_PROXY and NO_PROXY are honoured, and SAMPAN_REGISTRY_MIRRORS can name a mirror to pull from",
  }),
  REGISTRY_TIMEOUT: spec<{ host: string; waitedFor: string; seconds: number }>({
    when: "The registry accepted no connection, or sent or took no byte, within the time allowed.",
    exit: 1,
    message: ({ host, waitedFor, seconds }) => `registry ${host} kept us waiting for ${waitedFor} for more than ${seconds} s`,
    hint: () => "try again later, or check the network and the proxy between here and the registry",
  }),
  REGISTRY_CERTIFICATE: spec<{ host: string; reason: string }>({
    when: "The registry's TLS certificate is not trusted: self-signed, of an unknown authority, expired or for another name.",
    exit: 1,
    message: ({ host, reason }) => `the certificate of registry ${host} is not trusted: ${reason}`,
    hint: () => "put the certificate of its authority as ca.crt into /etc/docker/certs.d/HOST:PORT/ or into the system's CA bundle, or name its file in SSL_CERT_FILE; --insecure skips the check for a test",
  }),
  CLIENT_CERTIFICATE: spec<{ host: string; name: string; missing: boolean }>({
    when: "The registry wants a TLS certificate of its clients, and there is none for it here or it does not accept ours.",
    exit: 1,
    message: ({ host, missing }) => `registry ${host} ${missing ? "wants a client certificate" : "does not accept our client certificate"}`,
    hint: ({ name }) => `put certificate and key as client.cert and client.key into /etc/docker/certs.d/${name}/; \`sampan registry routes\` shows which one is used`,
  }),
  REGISTRY_BLOCKED: spec<{ name: string; prefix: string; file: string }>({
    when: "registries.conf blocks the registry, so that nothing is read from it or written to it.",
    exit: 1,
    message: ({ name, prefix, file }) => `${name} is blocked: ${file} has \`blocked = true\` for the prefix ${JSON.stringify(prefix)}`,
    hint: () => "use another registry, or ask whoever keeps that file",
  }),
  REGISTRY_READ_ONLY: spec<{ host: string; file: string }>({
    when: "hosts.toml names places for a registry, and none of them may be pushed to.",
    exit: 1,
    message: ({ host, file }) => `nothing can be pushed to ${host}: no place in ${file} has the capability push`,
    hint: () => 'add "push" to the capabilities of the server or of a host',
  }),
  NAME_AMBIGUOUS: spec<{ name: string; file: string; names: readonly string[] }>({
    when: "A name without a host may be in several registries that registries.conf lists, and Docker Hub is none of them.",
    exit: 1,
    message: ({ name, file }) => `${name} may mean several images: unqualified-search-registries in ${file} has more than one registry`,
    hint: ({ names }) => `write the whole name: ${names.slice(0, 5).join(" or ")}`,
  }),
  REGISTRY_NOWHERE: spec<{ host: string; purpose: string }>({
    when: "hosts.toml names places for a registry, and none of them has the capability that is needed.",
    exit: 1,
    message: ({ host, purpose }) => `no place for ${host} may be ${purpose}`,
    hint: () => "`sampan registry routes` shows the places, what they may be asked for, and which file says so",
  }),
  ROUTES_INVALID: spec<{ file: string; line?: number; problem: string }>({
    when: "A file that says how registries are reached (hosts.toml, registries.conf, daemon.json, config.json, certificates) cannot be used.",
    exit: 1,
    message: ({ file, line, problem }) => `${file}${line === undefined ? "" : `, line ${line}`}: ${problem}`,
    hint: () => "mend the file or move it away; until then no registry is asked, as it may be what keeps one closed",
  }),
  PROXY_INVALID: spec<{ source: string; problem: string }>({
    when: "The address of a proxy cannot be used.",
    exit: 1,
    message: ({ source, problem }) => `the proxy in ${source} cannot be used: ${problem}`,
    hint: () => "write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT",
  }),
  BLOB_UNKNOWN: spec<{ host: string; repository: string; digest: string }>({
    when: "A manifest names a blob that the registry does not have.",
    exit: 1,
    message: ({ host, repository, digest }) => `blob ${digest} is missing in ${repository} on ${host}`,
    hint: () => "the image is broken in the registry: where it is still whole, `sampan push --force-recursive` sends what is missing, as `sampan build --push` of its Dockerfile and `sampan copy --force-recursive` do",
  }),
  UPLOAD_LOST: spec<{ host: string; repository: string }>({
    when: "The registry no longer knows an upload that it had opened, also after starting it again.",
    exit: 1,
    message: ({ host, repository }) => `registry ${host} lost an upload to ${repository}`,
    hint: () => "push again: what arrived is kept; several registries behind one name need common storage",
  }),
  REGISTRY_LIMIT: spec<{ host: string; retryAfterSeconds?: number; answer?: string }>({
    when: "The registry answers 429, too many requests, also after waiting.",
    exit: 1,
    message: ({ host, answer }) => `registry ${host} allows no more requests for now${said(answer)}`,
    hint: ({ host, retryAfterSeconds }) =>
      `try again ${soon(retryAfterSeconds)}; logging in with \`sampan login ${host}\` or a mirror (SAMPAN_REGISTRY_MIRRORS) often has a higher limit`,
  }),
  REGISTRY_SERVER_ERROR: spec<{ host: string; status: number; request: string; retryAfterSeconds?: number; answer?: string }>({
    when: "The registry answers with a 5xx status, also after trying again.",
    exit: 1,
    message: ({ host, status, request, answer }) => `registry ${host} failed with status ${status} on ${request}${said(answer)}`,
    hint: ({ retryAfterSeconds }) => `the fault is on the registry's side: try again ${soon(retryAfterSeconds)}, or look into its log`,
  }),
  REGISTRY_REFUSED: spec<{ host: string; status: number; request: string; retryAfterSeconds?: number; answer?: string }>({
    when: "The registry refuses a request as invalid, too large or not supported (any other 4xx status).",
    exit: 1,
    message: ({ host, status, request, answer }) => `registry ${host} refused ${request} with status ${status}${said(answer)}`,
    hint: ({ status }) =>
      status === 405 ? "the registry does not allow this; deleting often has to be switched on in its configuration"
      : status === 413 ? "something between here and the registry limits the size of a request, often a reverse proxy"
      : undefined,
  }),
  BLOB_DIGEST_MISMATCH: spec<{ host: string; what: string; expected: string; received: string }>({
    when: "What the registry sent has another digest than the one that was asked for.",
    exit: 1,
    message: ({ host, what, expected, received }) => `registry ${host} sent a ${what} with digest ${received} instead of ${expected}`,
    hint: () => "nothing of it was kept; the registry, a mirror or a proxy on the way has damaged content",
  }),
  BLOB_TRUNCATED: spec<{ host: string; digest: string; expected: number; received: number; reason?: string }>({
    when: "A blob ended before its size, also after asking for the rest again.",
    exit: 1,
    message: ({ host, digest, expected, received, reason }) =>
      `registry ${host} sent ${received} of ${expected} bytes of ${digest}${reason ? ` (${reason})` : ""}`,
    hint: () => "try again: finished blobs are kept; if it stays so, the blob is damaged in the registry",
  }),
  RESPONSE_INVALID: spec<{ host: string; request: string; problem: string }>({
    when: "An answer of the registry does not follow the distribution spec.",
    exit: 1,
    message: ({ host, request, problem }) => `registry ${host} answered ${request} wrongly: ${problem}`,
    hint: () => "check that the host is a container registry and that no proxy changes its answers",
  }),
  REDIRECT_REFUSED: spec<{ host: string; target: string; problem: string }>({
    when: "The registry sends the client to an address that it must not follow.",
    exit: 1,
    message: ({ host, target, problem }) => `registry ${host} leads to ${target}, which is refused: ${problem}`,
    hint: () => "check the external URL in the registry's configuration",
  }),
  MANIFEST_UNSUPPORTED: spec<{ reference: string; mediaType: string }>({
    when: "A reference leads to a manifest that is no image, such as schema 1 or an unknown type.",
    exit: 1,
    message: ({ reference, mediaType }) => `${reference} is of type ${mediaType}, which is no image that can be pulled`,
    hint: ({ mediaType }) => (mediaType.includes("v1+") ? "schema 1 is long obsolete: push the image again with a current tool" : undefined),
  }),
  PLATFORM_UNAVAILABLE: spec<{ reference: string; platform: string; available: readonly string[] }>({
    when: "An index has no image for the wanted platform.",
    exit: 1,
    message: ({ reference, platform }) => `${reference} has no image for ${platform}`,
    hint: ({ available }) => (available.length > 0 ? `it has ${available.join(", ")}` : "its index is empty"),
  }),
  MIRRORS_INVALID: spec<{ entry: string; problem: string }>({
    when: "SAMPAN_REGISTRY_MIRRORS is not a comma-separated list of host=url.",
    exit: 1,
    message: ({ entry, problem }) => `SAMPAN_REGISTRY_MIRRORS: ${JSON.stringify(entry)}: ${problem}`,
    hint: () => 'an example: SAMPAN_REGISTRY_MIRRORS="docker.io=http://127.0.0.1:15001"',
  }),
} as const;
