import { flagTable } from "../flags/flag.ts";

/** The flags that say where a build is done. */
export const builderFlags = flagTable({
  builder: { kind: "text", value: "ADDRESS", help: "Build on a BuildKit worker: tcp://host:port, unix:///path, ssh://[user@]host[/socket], kube-pod://pod[?namespace=…], docker-container://name; `default` builds here. By default $SAMPAN_BUILDER", group: "Builder" },
  "builder-tls-ca": { kind: "text", value: "PATH", help: "Authority that the certificate of a tcp:// builder comes from, as PEM", group: "Builder" },
  "builder-tls-cert": { kind: "text", value: "PATH", help: "Certificate to show to a tcp:// builder, as PEM", group: "Builder" },
  "builder-tls-key": { kind: "text", value: "PATH", help: "Key of that certificate, as PEM", group: "Builder" },
});
